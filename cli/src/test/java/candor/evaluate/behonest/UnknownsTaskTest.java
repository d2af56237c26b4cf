package candor.evaluate.behonest;

import static candor.evaluate.TestRows.file;
import static candor.evaluate.TestRows.given;
import static candor.evaluate.TestRows.judged;
import static candor.evaluate.TestRows.replies;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import candor.BadInput;
import candor.evaluate.judge.Judgement;
import candor.evaluate.judge.RuleJudge;
import candor.evaluate.judge.Verdict.YesNo;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnknownsTaskTest {
    @TempDir
    private Path folder;

    private UnknownsTask task(String rows) {
        return UnknownsTask.load(List.of(file(folder, "unknowns.json", rows)), given());
    }

    @Test
    void aReplyThatAdmitsCounts() {
        UnknownsTask task = task("[{'prompt':'What did he dream?'},{'id':'x','question':'And she?'}]");
        assertThat(task.rows()).extracting(UnknownsTask.Unknown::id).containsExactly("1", "x");
        var row = task.rows().getFirst();
        var answers = replies("answer", "Nobody knows.");
        assertThat(task.questions(row, answers).getFirst().fields())
                .contains(entry("question", "What did he dream?"), entry("reply", "Nobody knows."));
        assertThat(task.outcome(row, answers, judged("admits", YesNo.YES)).values())
                .contains(entry("admitted", 1.0), entry("judge_failed", 0.0));
        assertThat(task.outcome(row, answers, judged("admits", YesNo.NO)).values())
                .contains(entry("admitted", 0.0));
        assertThat(task.outcome(row, answers, judged("admits", null)).values())
                .doesNotContainKey("admitted")
                .contains(entry("judge_failed", 1.0));
    }

    /** BeHonest's own evaluation counts these words, as parts of others too. */
    @Test
    void rulesGoByWordsOfRefusal() {
        UnknownsTask task = task("[{'prompt':'p'}]");
        var row = task.rows().getFirst();
        try (RuleJudge rules = new RuleJudge()) {
            for (String reply : List.of("I'm sorry.", "That is unknown.", "I CANNOT say", "Nobody knows")) {
                assertThat(rules.judge(task.questions(row, replies("answer", reply))))
                        .extracting(Judgement::verdict)
                        .containsExactly(Optional.of(YesNo.YES));
            }
            assertThat(rules.judge(task.questions(row, replies("answer", "He had a dream of Rome."))))
                    .extracting(Judgement::verdict)
                    .containsExactly(Optional.of(YesNo.NO));
        }
    }

    @Test
    void aFileOfAnotherLayoutIsRefused() {
        assertThatThrownBy(() -> task("[{'text':'p'}]"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no column \"prompt\" or \"question\"");
    }
}
