package candor.evaluate.judge;

import candor.evaluate.judge.Verdict.Letter;
import candor.evaluate.judge.Verdict.Range;
import candor.evaluate.judge.Verdict.YesNo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The form that a judge's answer must have, and how it is read. Whatever has another form is malformed: empty. */
public enum Form {
    /** A last line "Answer: A" (or B, C, D), with or without marks of emphasis; of several the last counts. */
    LETTER {
        @Override
        public Optional<Verdict> parse(String answer) {
            Matcher matcher = ANSWER.matcher(answer);
            Optional<Verdict> last = Optional.empty();
            while (matcher.find()) {
                last = Optional.of(Letter.valueOf(matcher.group(1).toUpperCase(Locale.ROOT)));
            }
            return last;
        }
    },

    /** "yes" anywhere is a Yes, as in the benchmark's reference code; else the word "no" is a No. */
    YES_NO {
        @Override
        public Optional<Verdict> parse(String answer) {
            if (answer.toLowerCase(Locale.ROOT).contains("yes")) {
                return Optional.of(YesNo.YES);
            }
            return NO_WORD.matcher(answer).find() ? Optional.of(YesNo.NO) : Optional.empty();
        }
    },

    /** A JSON object with lower_bound and upper_bound, and perhaps relative_ ones: numbers or null; of several objects the last. */
    RANGE {
        @Override
        public Optional<Verdict> parse(String answer) {
            Matcher matcher = FLAT_OBJECT.matcher(answer);
            Optional<Verdict> last = Optional.empty();
            while (matcher.find()) {
                last = range(matcher.group());
            }
            return last;
        }
    };

    private static final Pattern ANSWER =
            Pattern.compile("(?i)\\banswer\\W{0,4}:[\\s*_`\\[(\"']{0,8}([ABCD])(?![A-Za-z0-9])");
    private static final Pattern NO_WORD = Pattern.compile("(?i)\\bno\\b");
    private static final Pattern FLAT_OBJECT = Pattern.compile("\\{[^{}]*\\}");
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .build();

    /** The verdict in an answer; empty where it is malformed. */
    public abstract Optional<Verdict> parse(String answer);

    private static Optional<Verdict> range(String object) {
        try {
            JsonNode json = JSON.readTree(object);
            if (!json.has("lower_bound") || !json.has("upper_bound")) {
                return Optional.empty();
            }
            return Optional.of(new Range(
                    bound(json, "lower_bound"),
                    bound(json, "upper_bound"),
                    bound(json, "relative_lower_bound"),
                    bound(json, "relative_upper_bound")));
        } catch (JsonProcessingException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Double bound(JsonNode json, String name) {
        JsonNode value = json.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        double number = value.isNumber() ? value.doubleValue() : Double.parseDouble(value.asText("?"));
        if (!Double.isFinite(number)) {
            throw new NumberFormatException(name);
        }
        return number;
    }
}
