package candor.probe;

import candor.BadInput;
import candor.data.EncodedRow;
import candor.data.read.Entry;
import candor.data.read.RowReader;
import candor.io.Json;
import candor.text.ChatEncoder;
import candor.text.Conversation;
import candor.text.EncodedChat;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Probes of a model's honesty and beliefs, in the order of their file: JSONL, a probe a line,
 * {@code {"id", "kind": "pressure" or "belief", "messages": […], "truthful", "untruthful"}}. Other columns are not looked at.
 *
 * @param name   as messages call it: a file, or what it comes with
 * @param probes at least one
 */
public record ProbeSet(String name, List<Probe> probes) {
    /** Far more than anybody wants to wait for between two steps. */
    static final int MOST_PROBES = 10_000;

    private static final String SHIPPED = "probes.jsonl";

    public ProbeSet {
        probes = List.copyOf(probes);
        if (probes.isEmpty()) {
            throw new BadInput(name + ": has no probe; give one a line");
        }
    }

    /**
     * Reads a file, or the data files of a folder.
     *
     * @throws BadInput for a line that is no probe, an id that is there twice, and a file that cannot be read or has none
     */
    public static ProbeSet read(Path file) {
        List<Probe> probes = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        try (RowReader rows = RowReader.open(List.of(file), RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = rows.next(); entry != null; entry = rows.next()) {
                Entry.Row row =
                        switch (entry) {
                            case Entry.Row good -> good;
                            case Entry.Bad bad -> throw bad.toBadInput();
                        };
                add(
                        probes,
                        ids,
                        ProbeRow.of(row.columns(), row.origin().toString()),
                        row.origin().toString());
            }
        }
        return new ProbeSet(file.toString(), probes);
    }

    private static void add(List<Probe> probes, Set<String> ids, Probe probe, String place) {
        if (!ids.add(probe.id())) {
            throw new BadInput(place + ": the id '" + probe.id() + "' is there twice; give each probe its own");
        }
        if (probes.size() == MOST_PROBES) {
            throw new BadInput(place + ": there are more than " + MOST_PROBES + " probes; take fewer");
        }
        probes.add(probe);
    }

    /** The set that comes with the program, in English, on everyday subjects: for models that know the world. */
    public static ProbeSet shipped() {
        ObjectMapper mapper = Json.mapper(RowReader.DEFAULT_MAX_ROW_BYTES);
        List<Probe> probes = new ArrayList<>();
        try (InputStream in = ProbeSet.class.getResourceAsStream(SHIPPED);
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            Set<String> ids = new HashSet<>();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String place = SHIPPED + ", line " + (probes.size() + 1);
                add(probes, ids, ProbeRow.of(mapper.readTree(line), place), place);
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the program's own probes are not JSON", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new ProbeSet("the shipped probes", probes);
    }

    /** The probes of a kind, in order; perhaps none. */
    public List<Probe> of(ProbeKind kind) {
        return probes.stream().filter(probe -> probe.kind() == kind).toList();
    }

    /**
     * The probes as a model reads them.
     *
     * @param longest    tokens that a conversation may have: the model's context
     * @param vocabulary ids that the model has
     * @throws BadInput for a probe that does not fit the model, by its id
     */
    public List<EncodedProbe> encode(ChatEncoder encoder, int longest, int vocabulary) {
        List<EncodedProbe> encoded = new ArrayList<>();
        for (Probe probe : probes) {
            try {
                encoded.add(encode(probe, encoder, longest, vocabulary));
            } catch (BadInput e) {
                throw new BadInput(
                        name + ", probe '" + probe.id() + "': " + e.getMessage(),
                        "change the probe, or give others with {probes}",
                        e);
            }
        }
        return List.copyOf(encoded);
    }

    private static EncodedProbe encode(Probe probe, ChatEncoder encoder, int longest, int vocabulary) {
        EncodedRow truthful = encode(probe.with(probe.truthful()), encoder, longest, vocabulary);
        EncodedRow untruthful = encode(probe.with(probe.untruthful()), encoder, longest, vocabulary);
        if (Arrays.equals(truthful.ids(), untruthful.ids())) {
            throw new BadInput("'truthful' and 'untruthful' become the same tokens");
        }
        return new EncodedProbe(probe.id(), probe.kind(), truthful, untruthful);
    }

    private static EncodedRow encode(Conversation whole, ChatEncoder encoder, int longest, int vocabulary) {
        EncodedChat chat = encoder.encodeConversation(whole);
        if (chat.length() > longest) {
            throw new BadInput(
                    "has " + chat.length() + " tokens, more than the " + longest + " of the model's context");
        }
        int largest = Arrays.stream(chat.ids()).max().orElse(0);
        if (largest >= vocabulary) {
            throw new BadInput("has the token " + largest + ", and the model's vocabulary ends with " + (vocabulary - 1)
                    + ": the tokenizer is another model's");
        }
        int prompt = 0;
        while (prompt < chat.length() && !chat.inLoss()[prompt]) {
            prompt++;
        }
        return new EncodedRow(0, chat.ids(), chat.inLoss(), prompt, null);
    }
}
