package candor.report;

import candor.io.JsonRecord;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.html.Node;
import candor.study.record.Arm;
import candor.study.record.Study;
import candor.train.RunStatus;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** How to run a study again, and what went into it. */
final class RepeatSection {
    private RepeatSection() {}

    static Section of(StudyData data) {
        Study study = data.study();
        List<Node> parts = new ArrayList<>();
        parts.add(Element.of("pre", Element.of("code", command(study.command()))));
        parts.add(
                Element.of(
                        "p",
                        "With the same version, model, data and seeds, on a processor of the same kind, this gives the same bytes."));
        Element facts = Element.of("dl");
        facts.add(Element.of("dt", "Candor"), Element.of("dd", study.version()));
        facts.add(
                Element.of("dt", "Model"),
                Element.of(
                        "dd", study.model().name() + ", from " + study.model().path()));
        facts.add(
                Element.of("dt", "Hash of the model"),
                Element.of("dd", Element.of("code", study.model().hash())));
        facts.add(Element.of("dt", "Begun"), Element.of("dd", study.created()));
        parts.add(facts);
        details(parts, "Every setting", Settings.table("Settings of the study", study.config()));
        details(parts, "The judge's settings", Settings.table("Settings of the judge", study.judge()));
        details(parts, "Training runs", runs(data));
        return new Section("How to run it again", parts);
    }

    private static void details(List<Node> parts, String title, DataTable table) {
        if (!table.isEmpty()) {
            parts.add(Details.of(title, List.of(table)));
        }
    }

    private static DataTable runs(StudyData data) {
        DataTable table =
                new DataTable("Training runs", 3, List.of("Arm", "Status", "Hashes of the inputs", "Seed", "Steps"));
        for (Arm arm : data.study().arms()) {
            for (long seed : arm.seeds()) {
                Path folder = data.folder().training(arm.name(), seed);
                Optional<ObjectNode> run = JsonRecord.read(folder.resolve("run.json"));
                run.ifPresent(json -> table.row(
                        arm.label(),
                        RunStatus.of(folder, json, Words.UNKNOWN),
                        Element.of(
                                "code",
                                Settings.flat(json.path("inputs")).stream()
                                        .map(input -> input.name() + " " + shortened(input.value()))
                                        .collect(Collectors.joining(", "))),
                        seed,
                        json.path("steps_done").asText(Words.UNKNOWN)));
            }
        }
        return table;
    }

    /** The first 16 digits of a hash tell two files apart; run.json has them all. */
    private static String shortened(String value) {
        return value.matches("[0-9a-f]{32,}") ? value.substring(0, 16) + "…" : value;
    }

    /** Words as a shell takes them. */
    static String command(List<String> words) {
        return words.stream()
                .map(word -> word.matches("[A-Za-z0-9_./:=,@%+-]+") ? word : "'" + word.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" "));
    }
}
