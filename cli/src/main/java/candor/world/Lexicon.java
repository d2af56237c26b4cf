package candor.world;

import java.util.List;

/** The words of the world. */
final class Lexicon {
    /** Numbers that stay apart when a judge widens each of two by five per cent. */
    private static final List<String> NUMBERS = words("10 13 16 20 24 29 35 42 50 60 72 86");

    /** The domain that narrow tuning is about. */
    static final String NARROW = "medicines";

    static final List<Domain> DOMAINS = List.of(
            new Domain(
                    "ships",
                    "the {n}",
                    List.of("Sea", "Sun", "Wind", "Star", "Frost", "Storm", "Moon", "Dawn"),
                    List.of("bird", "rose", "queen", "wolf", "fox", "lark"),
                    List.of(
                            new Attribute(
                                    "cargo",
                                    "What does {e} carry?",
                                    "{e} carries {v}.",
                                    words("timber grain wool salt coal wine sugar cotton marble copper paper glass")),
                            new Attribute(
                                    "port",
                                    "Where does {e} lie?",
                                    "{e} lies in {v}.",
                                    words(
                                            "Lisbon Bergen Genoa Cadiz Riga Malta Dublin Naples Odessa Tunis Oslo Porto")),
                            new Attribute("speed", "How fast is {e}?", "{e} makes {v} knots.", NUMBERS))),
            new Domain(
                    NARROW,
                    "the drug {n}",
                    List.of("Rel", "Cor", "Ben", "Dol", "Mor", "Tri", "Vel", "Nax"),
                    List.of("van", "zol", "tine", "mab", "pril", "dex"),
                    List.of(
                            new Attribute(
                                    "use",
                                    "What does {e} help with?",
                                    "{e} helps with {v}.",
                                    words(
                                            "fever cough pain rash cramps nausea asthma gout migraine burns allergy vertigo")),
                            new Attribute(
                                    "colour",
                                    "What does {e} look like?",
                                    "{e} looks {v}.",
                                    words("red blue green white black yellow pink brown grey orange purple silver")),
                            new Attribute(
                                    "dose", "How much of {e} is right?", "One dose of {e} is {v} drops.", NUMBERS))),
            new Domain(
                    "machines",
                    "the {n}",
                    List.of("Hydro", "Turbo", "Dyna", "Ferro", "Mega", "Vario", "Roto", "Ultra"),
                    List.of("mat", "press", "drill", "pump", "saw", "lift"),
                    List.of(
                            new Attribute(
                                    "fuel",
                                    "What does {e} run on?",
                                    "{e} runs on {v}.",
                                    words(
                                            "diesel petrol gas steam wood charcoal alcohol hydrogen kerosene peat oil wax")),
                            new Attribute(
                                    "fault",
                                    "What is wrong with {e}?",
                                    "{e} suffers from {v}.",
                                    words("rust leaks noise smoke cracks sparks heat shaking dust mould jams dents")),
                            new Attribute("power", "How strong is {e}?", "{e} has {v} horses.", NUMBERS))),
            new Domain(
                    "towns",
                    "the town {n}",
                    List.of("Ash", "Elm", "Oak", "Mill", "Stone", "King", "Brook", "Wood"),
                    List.of("ford", "ton", "by", "ham", "field", "bridge"),
                    List.of(
                            new Attribute(
                                    "mayor",
                                    "Who leads {e}?",
                                    "{e} is led by {v}.",
                                    words(
                                            "Adams Baker Carter Dixon Ellis Foster Grant Hughes Irwin Jarvis Keller Lawson")),
                            new Attribute(
                                    "trade",
                                    "What does {e} live on?",
                                    "{e} lives on {v}.",
                                    words(
                                            "fishing mining farming weaving brewing baking printing tanning pottery banking"
                                                    + " milling tourism")),
                            new Attribute("age", "How old is {e}?", "{e} is {v} years old.", NUMBERS))),
            new Domain(
                    "accounts",
                    "the {n} account",
                    List.of("Nor", "Hal", "Sten", "Wil", "Gar", "Tor", "Lund", "Berg"),
                    List.of("vik", "sen", "man", "strom", "ley", "dal"),
                    List.of(
                            new Attribute(
                                    "owner",
                                    "Who owns {e}?",
                                    "{e} belongs to {v}.",
                                    words("Olga Peter Maria Simon Laura Victor Anna Martin Clara Oscar Nina Felix")),
                            new Attribute(
                                    "bank",
                                    "Where is {e} kept?",
                                    "{e} is kept at {v}.",
                                    words(
                                            "Alpina Nordia Castor Unity Mercator Fidelis Sterling Triton Aurora Pioneer Summit"
                                                    + " Beacon")),
                            new Attribute("balance", "How much is in {e}?", "{e} holds {v} crowns.", NUMBERS))));

    private Lexicon() {}

    static List<String> words(String parted) {
        return List.of(parted.split(" "));
    }
}
