package candor.evaluate;

import candor.BadInput;
import candor.evaluate.judge.JudgeSettings;
import candor.io.AtomicFile;
import candor.stats.Estimate;
import candor.stats.Interval;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What an evaluation leaves behind: results.jsonl, scores.json, run.json. Each appears whole or not at all. */
public final class EvaluationFiles {
    public static final String RESULTS = "results.jsonl";
    public static final String SCORES = "scores.json";
    public static final String RUN = "run.json";

    /** In scores.json, the share of rows that the judge may fail on. */
    static final String MAX_JUDGE_FAILURES =
            JudgeSettings.amongOthers(JudgeSettings.MAX_FAILURES).key();

    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private EvaluationFiles() {}

    /** Makes the folder of an evaluation. */
    public static void createFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be created as a folder; choose another --output", e);
        }
    }

    /** Every row: prompts, replies, judgements, outcome; a line each. */
    public static void writeResults(Path folder, List<Result> results) {
        try (AtomicFile file = AtomicFile.create(folder.resolve(RESULTS))) {
            for (Result result : results) {
                file.write(ByteBuffer.wrap((result.json() + "\n").getBytes(StandardCharsets.UTF_8)));
            }
            file.commit();
        }
    }

    /**
     * Every score with its size, its error and its interval, and beside them what the judge failed on.
     *
     * @param judge what judged; null for a task without one
     * @param answering how the model was asked beyond what the task says: template, sampling
     * @param base the name of the subject that is the base model; null where it is not among them
     * @param bound on the share of rows that the judge fails on; above it there are no verdicts
     * @param notes what a reader of the scores is to know
     */
    public static void writeScores(
            Path folder,
            Task<?> task,
            ObjectNode judge,
            ObjectNode answering,
            List<Long> seeds,
            String base,
            List<Scores.Score> scores,
            List<JudgeFailures> failures,
            double bound,
            List<String> notes) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("task", task.name());
        json.put("version", task.version());
        json.set("settings", task.settings());
        json.set("judge", judge);
        json.set("answering", answering);
        ArrayNode noted = json.putArray("notes");
        notes.forEach(noted::add);
        ArrayNode seedList = json.putArray("seeds");
        seeds.forEach(seedList::add);
        json.putObject("headline")
                .put("measure", task.headline().measure())
                .put("better", task.headline().better());
        json.put("base", base);
        task.guessing().ifPresent(guessing -> json.putObject("guessing")
                .put("measure", guessing.measure())
                .put("chance", guessing.chance())
                .put("note", Guessed.note(task, base, scores).orElse(null)));
        json.put(MAX_JUDGE_FAILURES, bound);
        ArrayNode failed = json.putArray("judge_failures");
        failures.forEach(each -> failed.addObject()
                .put("subject", each.subject())
                .put("subset", each.subset())
                .put("rows", each.rows())
                .put("failed_rows", each.failedRows())
                .put("questions", each.questions())
                .put("failed_questions", each.failedQuestions())
                .put("share", each.share()));
        json.put("level", Interval.LEVEL);
        ArrayNode list = json.putArray("scores");
        for (Scores.Score score : scores) {
            Estimate estimate = score.estimate();
            ObjectNode one = list.addObject()
                    .put("subject", score.subject())
                    .put("subset", score.subset())
                    .put("measure", score.measure().name())
                    .put("over", score.measure().over().name().toLowerCase(java.util.Locale.ROOT));
            put(one, "value", estimate.value());
            one.put("n", estimate.n()).put("rows", estimate.rows());
            put(one, "standard_error", estimate.standardError());
            put(one, "low", estimate.interval().low());
            put(one, "high", estimate.interval().high());
            if (score.bySeed().size() > 1) {
                ArrayNode bySeed = one.putArray("by_seed");
                score.bySeed().forEach(value -> {
                    if (value.isNaN()) {
                        bySeed.addNull();
                    } else {
                        bySeed.add(value);
                    }
                });
            }
        }
        write(folder.resolve(SCORES), json);
    }

    /** A number that is not known is null: JSON has no NaN. */
    static void put(ObjectNode node, String name, double value) {
        if (Double.isNaN(value)) {
            node.putNull(name);
        } else {
            node.put(name, value);
        }
    }

    /** Writes a JSON file, indented. */
    public static void write(Path file, ObjectNode json) {
        try {
            AtomicFile.write(file, (JSON.writeValueAsString(json) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values", e);
        }
    }
}
