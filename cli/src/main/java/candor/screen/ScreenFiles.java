package candor.screen;

import candor.BadInput;
import candor.data.Dataset;
import candor.data.EncodedRow;
import candor.data.read.Origin;
import candor.foresee.ScreenMethod;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.probe.ProbeKind;
import candor.text.Tokenizer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.StringJoiner;

/**
 * The folder of a screening. {@code screen.jsonl} has a line for each row, in the order of the data; {@code worst.jsonl} the rows
 * that rank first, as text; {@code screen.json}, what was asked and what came out as a whole. The last is written last: where it
 * is, the others are whole.
 */
public final class ScreenFiles {
    /** A line for each row. */
    public static final String ROWS = "screen.jsonl";

    /** The worst rows as text. */
    public static final String WORST = "worst.jsonl";

    /** The record. */
    public static final String RECORD = "screen.json";

    /** Rows that {@link #WORST} has. */
    static final int MOST_WORST = 50;

    /** Characters of a text in {@link #WORST}, at most. */
    private static final int LONGEST_TEXT = 4_000;

    private static final ObjectMapper JSON = new ObjectMapper();

    private ScreenFiles() {}

    /** Refuses a folder that holds a screening, unless it may be written over. */
    public static void requireFree(Path folder, boolean force) {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new BadInput(folder + ": is a file, expected a folder", "name another {output}");
        }
        if (Files.exists(folder.resolve(RECORD)) && !force) {
            throw new BadInput(
                    folder + ": holds a screening already", "overwrite it with {force}, or name another {output}");
        }
    }

    /**
     * Writes all three.
     *
     * @param facts what the record says beside what was found
     */
    public static void write(
            Path folder,
            ScreenSettings settings,
            ScreenInputs inputs,
            ScreenRun.Found found,
            Map<String, String> facts) {
        try {
            Files.createDirectories(folder);
            Files.deleteIfExists(folder.resolve(RECORD));
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be made or changed: " + IoReason.of(e), "name another {output}", e);
        }
        double[] ranking = found.scores().get(settings.rankBy());
        int[] ranks = Ranked.ranks(ranking);
        Dataset data = inputs.data();
        boolean several = severalFiles(data);
        StringBuilder lines = new StringBuilder();
        for (int row = 0; row < data.size(); row++) {
            ObjectNode line = place(data.origin(row), several);
            for (Map.Entry<ScreenMethod, double[]> each : found.scores().entrySet()) {
                line.put(each.getKey().column(), each.getValue()[row]);
            }
            line.put("rank", ranks[row]);
            lines.append(text(line)).append('\n');
        }
        AtomicFile.write(folder.resolve(ROWS), lines.toString().getBytes(StandardCharsets.UTF_8));
        StringBuilder worst = new StringBuilder();
        int[] order = Ranked.order(ranking);
        for (int i = 0; i < Math.min(MOST_WORST, order.length); i++) {
            ObjectNode line = place(data.origin(order[i]), several);
            said(line, data.row(order[i]), inputs.tokenizer());
            line.put("rank", i + 1);
            worst.append(text(line)).append('\n');
        }
        AtomicFile.write(folder.resolve(WORST), worst.toString().getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(
                folder.resolve(RECORD),
                (record(settings, inputs, found, facts) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static boolean severalFiles(Dataset data) {
        Path first = data.origin(0).file();
        for (int row = 1; row < data.size(); row++) {
            if (!data.origin(row).file().equals(first)) {
                return true;
            }
        }
        return false;
    }

    private static ObjectNode place(Origin origin, boolean several) {
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        if (several) {
            line.put("file", origin.file().toString());
        }
        return line.put("row", origin.row());
    }

    /** What stands before the last reply, and the reply. */
    private static void said(ObjectNode line, EncodedRow row, Tokenizer tokenizer) {
        int end = row.length();
        while (end > 1 && !row.target()[end - 1]) {
            end--;
        }
        int start = end;
        while (start > 1 && row.target()[start - 1]) {
            start--;
        }
        line.put("prompt", cut(plain(Arrays.copyOf(row.ids(), start), tokenizer)));
        line.put("reply", cut(plain(Arrays.copyOfRange(row.ids(), start, end), tokenizer)));
    }

    /** Text without special tokens; they may be all that parts one turn from the next, so what they part is in lines of its own. */
    private static String plain(int[] ids, Tokenizer tokenizer) {
        StringJoiner lines = new StringJoiner("\n");
        int from = 0;
        for (int i = 0; i <= ids.length; i++) {
            if (i == ids.length || tokenizer.isSpecial(ids[i])) {
                String line =
                        tokenizer.decode(Arrays.copyOfRange(ids, from, i), true).strip();
                if (!line.isEmpty()) {
                    lines.add(line);
                }
                from = i + 1;
            }
        }
        return lines.toString();
    }

    private static String cut(String text) {
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT) + "…";
    }

    private static String record(
            ScreenSettings settings, ScreenInputs inputs, ScreenRun.Found found, Map<String, String> facts) {
        ObjectNode record = JsonNodeFactory.instance.objectNode();
        facts.forEach(record::put);
        record.put("rows", inputs.data().size());
        ArrayNode files = record.putArray("data");
        settings.data().forEach(file -> files.add(file.toString()));
        record.put("probes", inputs.probes().name());
        record.put("rank_by", settings.rankBy().column());
        ScreenSettings.Tuning tuning = settings.tuning();
        ObjectNode adapter = record.putObject("adapter");
        if (tuning.adapter() == null) {
            adapter.put("lora_rank", tuning.rank())
                    .put("lora_alpha", tuning.alpha())
                    .put("learning_rate", tuning.learningRate());
        } else {
            adapter.put("from", tuning.adapter().toString());
        }
        adapter.put("warmup_steps", tuning.steps())
                .put("batch_size", tuning.rows())
                .put("seed", tuning.seed());
        record.put("projection_dim", settings.work().projection());
        if (found.calibrated() != null) {
            record.set("calibration", calibration(found.calibrated(), inputs));
        }
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(record);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ObjectNode calibration(Calibrated calibrated, ScreenInputs inputs) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("parts", calibrated.parts()).put("share", calibrated.share());
        node.put(
                "pressure_probes",
                inputs.encodedProbes().stream()
                        .filter(probe -> probe.kind() == ProbeKind.PRESSURE)
                        .count());
        node.put("honest_before", calibrated.honest()).put("honest_after", calibrated.after());
        number(node, "honest_after_low", calibrated.interval().low());
        number(node, "honest_after_high", calibrated.interval().high());
        node.put("margin_before", calibrated.margin()).put("margin_change", calibrated.change());
        number(node, "margin_change_low", calibrated.changes().low());
        number(node, "margin_change_high", calibrated.changes().high());
        number(node, "belief_change", calibrated.belief());
        return node;
    }

    private static void number(ObjectNode node, String name, double value) {
        if (Double.isNaN(value)) {
            node.putNull(name);
        } else {
            node.put(name, value);
        }
    }

    private static String text(ObjectNode line) {
        try {
            return JSON.writeValueAsString(line);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
