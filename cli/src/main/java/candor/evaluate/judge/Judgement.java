package candor.evaluate.judge;

import java.util.List;
import java.util.Optional;

/**
 * What came of a question.
 *
 * @param verdict empty where the judge failed
 * @param raw every answer as it came, the malformed ones before the one that counts; shortened
 * @param failure why there is no verdict; empty where there is one
 */
public record Judgement(Optional<Verdict> verdict, List<String> raw, String failure) {
    public Judgement {
        raw = List.copyOf(raw);
    }

    public static Judgement of(Verdict verdict, String raw) {
        return new Judgement(Optional.of(verdict), List.of(raw), "");
    }

    public static Judgement failed(List<String> raw, String why) {
        return new Judgement(Optional.empty(), raw, why);
    }
}
