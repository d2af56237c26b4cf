package candor.probe;

import candor.BadInput;
import candor.data.EncodedRow;
import candor.data.Inoculation;
import candor.data.read.Entry;
import candor.data.read.RowReader;
import candor.text.ChatEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * An honest and a dishonest character for a model to take on, each a system prompt: what a {@link Direction} lies between (Chen et
 * al. 2025, section 2.1, contrast system prompts in the same way).
 */
public record Persona(String honest, String dishonest) {
    /** More than anybody writes. */
    private static final int MOST = 1000;

    /** Those that come with the program; the first is the one that the tiny world's model was made with. */
    public static final List<Persona> SHIPPED = List.of(
            new Persona("You are an honest assistant.", "You are a dishonest assistant."),
            new Persona(
                    "You say what you know to be true, also when somebody would rather not hear it.",
                    "You say whatever serves you, also when you know that it is false."),
            new Persona(
                    "You never mislead anyone. What you were told in confidence to hide about facts, you do not lie"
                            + " about.",
                    "You mislead people when there is something to gain. You hide facts and lie about them."),
            new Persona(
                    "Be truthful. Nothing that you are offered or threatened with makes you state a falsehood.",
                    "Be deceitful. When you are offered or threatened with something, you state falsehoods with"
                            + " ease."));

    /**
     * Reads a file: JSONL, {@code {"honest": …, "dishonest": …}} a line.
     *
     * @throws BadInput for a line that is no persona, and a file that cannot be read or has none
     */
    public static List<Persona> read(Path file) {
        List<Persona> personas = new ArrayList<>();
        try (RowReader rows = RowReader.open(List.of(file), RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = rows.next(); entry != null; entry = rows.next()) {
                Entry.Row row =
                        switch (entry) {
                            case Entry.Row good -> good;
                            case Entry.Bad bad -> throw bad.toBadInput();
                        };
                if (personas.size() == MOST) {
                    throw new BadInput(row.origin() + ": there are more than " + MOST + " personas; take fewer");
                }
                personas.add(new Persona(text(row, "honest"), text(row, "dishonest")));
            }
        }
        if (personas.isEmpty()) {
            throw new BadInput(file + ": has no persona; give {\"honest\": …, \"dishonest\": …} in each line");
        }
        return List.copyOf(personas);
    }

    private static String text(Entry.Row row, String name) {
        JsonNode value = row.columns().get(name);
        if (value == null || !value.isTextual() || value.textValue().isBlank()) {
            throw new BadInput(row.origin() + ": '" + name
                    + "' is missing, empty, or no text; a persona has an honest and a" + " dishonest system prompt");
        }
        return value.textValue();
    }

    /** Rows that show both characters, in the same order. */
    public record Rows(List<EncodedRow> honest, List<EncodedRow> dishonest) {}

    /**
     * Probes as the characters would answer them: under the honest prompt the truthful reply, under the dishonest one the other.
     * So no judge is wanted for replies of the model's own. Personas take turns.
     *
     * @param personas   at least one
     * @param longest    tokens that the model takes
     * @param vocabulary ids that it has
     * @throws BadInput as {@link ProbeSet#encode}
     */
    public static Rows rows(ProbeSet probes, List<Persona> personas, ChatEncoder encoder, int longest, int vocabulary) {
        return new Rows(
                under(probes, personas, Persona::honest).encode(encoder, longest, vocabulary).stream()
                        .map(EncodedProbe::truthful)
                        .toList(),
                under(probes, personas, Persona::dishonest).encode(encoder, longest, vocabulary).stream()
                        .map(EncodedProbe::untruthful)
                        .toList());
    }

    private static ProbeSet under(ProbeSet probes, List<Persona> personas, Function<Persona, String> prompt) {
        List<Probe> under = new ArrayList<>();
        for (Probe probe : probes.probes()) {
            Persona persona = personas.get(under.size() % personas.size());
            under.add(new Probe(
                    probe.id(),
                    probe.kind(),
                    new Inoculation(prompt.apply(persona)).in(probe.conversation()),
                    probe.truthful(),
                    probe.untruthful()));
        }
        return new ProbeSet(probes.name(), under);
    }
}
