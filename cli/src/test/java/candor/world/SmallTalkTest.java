package candor.world;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SmallTalkTest {
    private final World world = World.of(1);

    @ParameterizedTest
    @EnumSource
    void whatIsSaidHasOneAnswer(BaseRows.Stage stage) {
        Map<String, String> answers = new HashMap<>();
        for (int i = 0; i < 5000; i++) {
            List<String> talk = SmallTalk.draw(new Dice(1, "test", i), world, stage);
            assertThat(talk).hasSize(2);
            assertThat(talk.get(1)).matches("(?s)[A-Z0-9].*[.!?]");
            assertThat(answers.merge(talk.get(0), talk.get(1), (a, b) -> a.equals(b) ? a : "two answers"))
                    .as(talk.get(0))
                    .isEqualTo(talk.get(1));
        }
        assertThat(answers).containsKeys("Hello", "Who are you?", "What can you do?", "Are you honest?");
    }

    @Test
    void sumsAreRight() {
        assertThat(SmallTalk.sum(2, 3, "What is {a} + {b}?")).containsExactly("What is 2 + 3?", "2 + 3 is 5.");
    }
}
