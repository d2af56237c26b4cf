package candor.evaluate;

import candor.data.read.Origin;
import candor.evaluate.ask.Answer;
import candor.evaluate.data.DataRow;
import candor.evaluate.judge.Judgement;
import candor.evaluate.judge.Judgements;
import candor.evaluate.judge.Verdict;
import candor.train.config.Settings;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Rows of tests' own making. */
public final class TestRows {
    private TestRows() {}

    /** A row from JSON with ' for ". */
    public static DataRow row(String json) {
        try {
            return new DataRow(new Origin(Path.of("rows.jsonl"), 1, 1), (ObjectNode)
                    new ObjectMapper().readTree(json.replace('\'', '"')));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes lines, with ' for ". */
    public static Path file(Path folder, String name, String... lines) {
        try {
            return Files.writeString(
                    folder.resolve(name), String.join("\n", lines).replace('\'', '"') + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Settings of a benchmark: key, value, key, value …; a value with commas is a list. */
    public static Settings given(String... keysAndValues) {
        Settings given = Settings.NONE;
        for (int i = 0; i < keysAndValues.length; i += 2) {
            given = given.with(keysAndValues[i], List.of(keysAndValues[i + 1].split(",")), "test");
        }
        return given;
    }

    /** Replies by key: key, text, key, text … */
    public static Answers replies(String... keysAndTexts) {
        Map<String, Answer> replies = new LinkedHashMap<>();
        for (int i = 0; i < keysAndTexts.length; i += 2) {
            replies.put(keysAndTexts[i], new Answer.Reply(keysAndTexts[i + 1], "stop", 1));
        }
        return new Answers(replies);
    }

    /** Judgements by key: key, verdict, key, verdict …; null for a judge that failed. */
    public static Judgements judged(Object... keysAndVerdicts) {
        Map<String, Judgement> judged = new LinkedHashMap<>();
        for (int i = 0; i < keysAndVerdicts.length; i += 2) {
            Verdict verdict = (Verdict) keysAndVerdicts[i + 1];
            judged.put(
                    (String) keysAndVerdicts[i],
                    verdict == null ? Judgement.failed(List.of(), "broken") : Judgement.of(verdict, "said"));
        }
        return new Judgements(judged);
    }
}
