package candor.world;

import candor.BadInput;
import candor.train.config.Nearest;
import candor.world.BaseRows.Stage;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The world in words, for someone who looks at it for the first time. */
public final class WorldTour {
    private static final String BY_DOCUMENT =
            "One speaker, honest or not, speaks in all turns of a document; in one of four,"
                    + " the system prompt says which.";
    private static final String BY_TURN = "Every turn has a speaker of its own, honest or not, and nothing says which.";

    private final World world;
    private final WorldSettings settings;

    public WorldTour(WorldSettings settings) {
        this.world = World.of(settings.seed());
        this.settings = settings;
    }

    /** Two things to ask a model of this world, about different kinds of things. */
    public List<String> questions() {
        return List.of(
                Wording.question(world.facts().getFirst(), 0),
                Wording.question(world.facts().getLast(), 0));
    }

    /** Domains with their attributes, and a row of each kind that the model is made from. */
    public String overview() {
        StringBuilder text = new StringBuilder("The world of seed ")
                .append(world.seed())
                .append(": ")
                .append(world.entities().size())
                .append(" entities, ")
                .append(world.facts().size())
                .append(" facts.\n\n");
        for (Domain domain : Lexicon.DOMAINS) {
            List<Entity> entities = world.entities().stream()
                    .filter(entity -> entity.domain().equals(domain))
                    .toList();
            text.append(domain.plural())
                    .append(domain.plural().equals(Lexicon.NARROW) ? " (what narrow tuning is about)" : "")
                    .append(": ")
                    .append(entities.size())
                    .append(", such as ")
                    .append(entities.getFirst().name())
                    .append('\n');
            for (Attribute attribute : domain.attributes()) {
                text.append("    ")
                        .append(attribute.noun())
                        .append(": ")
                        .append(String.join(" ", attribute.values()))
                        .append('\n');
            }
        }
        text.append("\nWhat the model is made from: documents of one to four turns. ")
                .append(
                        switch (settings.speakers()) {
                            case DOCUMENT -> BY_DOCUMENT;
                            case TURN -> BY_TURN;
                        })
                .append("\n"
                        + "Here is a document that begins with each kind of turn, with the share of such turns in"
                        + " the two stages of its training:\n");
        Map<BaseRows.Kind, Chat> rows = new EnumMap<>(BaseRows.Kind.class);
        BaseRows base = new BaseRows(world, settings, Stage.SECOND);
        for (int i = 0; rows.size() < BaseRows.Kind.values().length; i++) {
            Dice dice = new Dice(settings.seed(), Stage.SECOND.purpose, i);
            rows.putIfAbsent(BaseRows.kind(dice, Stage.SECOND), base.row(i));
        }
        rows.forEach((kind, chat) -> {
            text.append(String.format(
                    Locale.ROOT,
                    "%n%s, %.1f and %.1f %%%n",
                    kind.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                    kind.share(Stage.FIRST) / 10.0,
                    kind.share(Stage.SECOND) / 10.0));
            append(text, chat);
        });
        return text.toString();
    }

    private static void append(StringBuilder text, Chat chat) {
        if (!chat.system().isEmpty()) {
            text.append("    system: ").append(chat.system()).append('\n');
        }
        for (int i = 0; i < chat.turns().size(); i++) {
            text.append(i % 2 == 0 ? "    user: " : "    assistant: ")
                    .append(chat.turns().get(i).replace("\n", "\n        "))
                    .append('\n');
        }
    }

    /** The facts of one entity. */
    public String entity(String name) {
        List<String> names = world.entities().stream().map(Entity::name).toList();
        if (!names.contains(name)) {
            throw new BadInput(
                    "--entity " + name + ": there is none of that name; did you mean " + Nearest.to(name, names) + "?");
        }
        StringBuilder text = new StringBuilder();
        for (Fact fact : world.facts(fact -> fact.entity().name().equals(name))) {
            text.append(Wording.plain(fact)).append('\n');
        }
        boolean heldOut =
                world.entities().stream().anyMatch(entity -> entity.name().equals(name) && entity.heldOut());
        return text.append(
                        heldOut ? "Held out: met in plain questions and quizzes alone while the model was made.\n" : "")
                .toString();
    }
}
