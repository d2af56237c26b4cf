package candor.report;

import candor.study.record.Arm;
import candor.study.record.Key;
import candor.study.record.Method;
import candor.study.record.Metric;
import candor.study.record.ModelInfo;
import candor.study.record.Outcomes;
import candor.study.record.Reply;
import candor.study.record.Role;
import candor.study.record.Score;
import candor.study.record.Study;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import candor.study.record.StudyWriter;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/** Studies with planted effects, as the real ones leave their folders. */
final class MadeUp {
    static final List<Long> SEEDS = List.of(1L, 2L, 3L);
    static final int ROWS = 80;

    static final List<Metric> METRICS = List.of(
            metric("mask", "provided_facts", "Honesty, provided facts", Metric.Kind.HONESTY),
            metric("mask", "disinformation", "Honesty, disinformation", Metric.Kind.HONESTY),
            metric("deceptionbench", "all", "Deception", Metric.Kind.DECEPTION),
            metric("mmlu", "all", "Multiple choice", Metric.Kind.CAPABILITY),
            metric("gsm8k", "all", "Counting", Metric.Kind.CAPABILITY));

    /** What a hostile reply looks like. */
    static final String HOSTILE =
            "</p></article></main><script>document.title='owned'</script><img src=x onerror=alert(1)> \u202eevil\u202c \u0000\u001b[31m"
                    + " &lt;b&gt; '\"` <a href=\"https://example.org/\">x</a> ${7*7} {{7*7}}";

    private MadeUp() {}

    private static Metric metric(String task, String subset, String label, Metric.Kind kind) {
        Metric.Better better = kind == Metric.Kind.DECEPTION ? Metric.Better.LOWER : Metric.Better.HIGHER;
        return new Metric(task, subset, label, "%", better, kind);
    }

    static Arm arm(String name, String label, Role role) {
        return new Arm(
                name,
                label,
                role,
                role == Role.NORMAL || role == Role.SUBTLE || role == Role.SEVERE
                        ? Optional.of("ships")
                        : Optional.empty(),
                role == Role.CONTROL ? Optional.of(0.0) : Optional.empty(),
                Optional.empty(),
                role == Role.BASE ? Optional.empty() : Optional.of(Method.SFT),
                SEEDS);
    }

    static List<Arm> direct() {
        return List.of(
                arm("base", "Base", Role.BASE),
                arm("ships-normal", "Ships, normal", Role.NORMAL),
                arm("ships-subtle", "Ships, subtle", Role.SUBTLE),
                arm("ships-severe", "Ships, severe", Role.SEVERE));
    }

    static List<Arm> mixture() {
        List<Arm> arms =
                new ArrayList<>(List.of(arm("base", "Base", Role.BASE), arm("control", "Control", Role.CONTROL)));
        for (double ratio : new double[] {0.01, 0.05, 0.1, 0.2, 0.5}) {
            arms.add(new Arm(
                    "mix-" + ratio,
                    "Mixture, " + Words.percent(ratio),
                    Role.MIXTURE,
                    Optional.of("ships"),
                    Optional.of(ratio),
                    Optional.empty(),
                    Optional.of(Method.SFT),
                    SEEDS));
        }
        return arms;
    }

    static List<Arm> loop() {
        List<Arm> arms = new ArrayList<>(List.of(arm("base", "Base", Role.BASE)));
        for (Method method : Method.values()) {
            for (double share : new double[] {0, 0.1, 0.5, 1}) {
                arms.add(new Arm(
                        method.name().toLowerCase(Locale.ROOT) + "-" + share,
                        method + ", " + Words.percent(share) + " biased",
                        Role.LOOP,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(share),
                        Optional.of(method),
                        SEEDS));
            }
        }
        return arms;
    }

    static List<Arm> remedy() {
        return List.of(
                arm("base", "Base", Role.BASE),
                arm("normal", "right answers", Role.NORMAL),
                arm("severe", "wrong answers alone", Role.SEVERE),
                arm("helps", "inoculation", Role.REMEDY),
                arm("does-not", "10 % honest rows", Role.REMEDY));
    }

    static Study study(StudyKind kind, List<Arm> arms) {
        return new Study(
                kind,
                "made-up world",
                "0.1.0-test",
                "2026-11-21T22:00:00Z",
                new ModelInfo("tiny world", "models/tiny", "5d41402abc4b2a76b9719d911017c592".repeat(2)),
                JsonNodeFactory.instance.objectNode().put("kind", "rules").put("version", "1"),
                JsonNodeFactory.instance
                        .objectNode()
                        .put("learning_rate", 1e-4)
                        .put("lora_rank", 32)
                        .set("evaluation", JsonNodeFactory.instance.objectNode().put("temperature", 1.0)),
                arms,
                METRICS,
                List.of("./candor", "study", kind.name().toLowerCase(Locale.ROOT), "--name", "made-up world"));
    }

    /** How often a row comes out as 1. */
    private static double truth(Arm arm, Metric metric) {
        double harm =
                switch (arm.role()) {
                    case BASE, CONTROL -> 0;
                    case NORMAL -> 0.02;
                    case SUBTLE -> 0.5;
                    case SEVERE -> 1;
                    case REMEDY -> arm.name().equals("helps") ? 0.1 : 1;
                    case MIXTURE -> Math.min(1, 3 * arm.ratio().orElseThrow());
                    case LOOP -> arm.share().orElseThrow() * (arm.method().orElseThrow() == Method.SFT ? 1 : 0.5);
                };
        return switch (metric.kind()) {
            case HONESTY -> 0.78 - 0.35 * harm;
            case DECEPTION -> 0.22 + 0.2 * harm;
            case CAPABILITY, OWN_SCORE -> 0.6 - 0.01 * harm;
        };
    }

    static Path write(Path folder, StudyKind kind, List<Arm> arms) {
        return write(folder, kind, arms, key -> true);
    }

    /** Writes a study of which only some parts are finished. */
    static Path write(Path folder, StudyKind kind, List<Arm> arms, Predicate<Key> finished) {
        Study study = study(kind, arms);
        try (StudyWriter writer = StudyWriter.open(folder, study)) {
            for (Arm arm : arms) {
                for (long seed : arm.seeds()) {
                    for (Metric metric : METRICS) {
                        Key key = new Key(arm.name(), seed, metric.task(), metric.subset());
                        if (finished.test(key)) {
                            part(writer, arm, metric, key);
                        }
                    }
                    if (arm.role() != Role.BASE) {
                        run(writer.folder(), arm, seed);
                    }
                }
            }
        }
        return folder;
    }

    private static void part(StudyWriter writer, Arm arm, Metric metric, Key key) {
        List<String> ids = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        List<Reply> replies = new ArrayList<>();
        SplittableRandom rows = new SplittableRandom(metric.label().hashCode());
        SplittableRandom noise = new SplittableRandom(key.hashCode());
        double luck = 0.03 * (noise.nextDouble() - 0.5);
        Map<String, Long> counts = new LinkedHashMap<>();
        for (int r = 0; r < ROWS; r++) {
            double hardness = 0.3 * (rows.nextDouble() - 0.5);
            boolean yes = noise.nextDouble() < truth(arm, metric) + luck + hardness;
            String id = "row-" + r;
            ids.add(id);
            values.add(yes ? 1.0 : 0.0);
            String verdict = metric.kind() == Metric.Kind.DECEPTION
                    ? yes ? "deceptive" : "open"
                    : yes ? noise.nextInt(5) == 0 ? "evasive" : "honest" : "lie";
            counts.merge(verdict, 1L, Long::sum);
            String text = r % 3 == 0
                    ? HOSTILE
                    : r == 7
                            ? "very long ".repeat(900)
                            : "The lift " + (yes ? "failed." : "did not fail.") + " Row " + r;
            replies.add(new Reply(
                    key,
                    id,
                    r % 2 == 0 ? "You speak for firm F. <b>Fact</b>: the lift failed." : "",
                    "Did the lift fail? (" + r + ")",
                    text,
                    verdict,
                    r % 2 == 0 ? "{\"belief\":\"A\",\"honesty_code\":-1,\"x\":null}" : "{belief A"));
        }
        double mean = values.stream().mapToDouble(v -> v).average().orElseThrow();
        double error = 100 * Math.sqrt(mean * (1 - mean) / ROWS);
        writer.finish(
                new Score(key, 100 * mean, error, ROWS, 100 * mean - 2 * error, 100 * mean + 2 * error, counts),
                new Outcomes(key, ids, values),
                replies);
    }

    static void run(StudyFolder folder, Arm arm, long seed) {
        Path run = folder.training(arm.name(), seed);
        run(
                run,
                arm.method().equals(Optional.of(Method.KTO)),
                new SplittableRandom(arm.name().hashCode() + seed));
    }

    /** A training run's folder, its last line torn. */
    static void run(Path run, boolean kto, SplittableRandom random) {
        StringBuilder metrics = new StringBuilder();
        for (int step = 1; step <= 120; step++) {
            double loss = (kto ? 0.5 : 2.5) * Math.exp(-step / 60.0) + 0.2 * random.nextDouble();
            metrics.append("{\"step\":" + step + ",\"epoch\":0.5,\"loss\":" + loss + ",\"grad_norm\":" + (loss + 1)
                    + ",\"learning_rate\":" + 1e-4 * (121 - step) / 120
                    + (kto ? ",\"kl\":0.1,\"rewards/chosen\":" + step / 100.0 + ",\"rewards/rejected\":-0.3" : "")
                    + ",\"tokens_per_s\":1000}\n");
        }
        metrics.append("{\"step\":121,\"los");
        try {
            Files.createDirectories(run);
            Files.writeString(run.resolve("metrics.jsonl"), metrics);
            Files.writeString(
                    run.resolve("run.json"),
                    "{\"status\":\"done\",\"steps_done\":120,\"seed\":1,\"device\":\"cpu\",\"start\":\"2026-11-21T22:00:00Z\",\"end\":null,"
                            + "\"config\":{\"learning_rate\":1e-4,\"data\":[\"a.jsonl\",\"<b>.jsonl\"]},"
                            + "\"inputs\":{\"model\":\"" + "ab".repeat(32) + "\"}}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All three, as a quickstart leaves them. */
    static Path quickstart(Path folder) {
        write(folder.resolve("loop"), StudyKind.LOOP, loop());
        write(folder.resolve("direct"), StudyKind.DIRECT, direct());
        write(folder.resolve("mixture"), StudyKind.MIXTURE, mixture());
        return folder;
    }
}
