package candor.study.loop;

import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.ask.Prompt.Turn;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.ChatModel.Reply;
import candor.evaluate.judge.ChatModel.Request;
import candor.study.user.Dialogue;
import candor.study.user.SimulatedUser;
import candor.study.user.UserType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Ratings of users that think before they speak. */
class ModelUserTest {
    private final List<Request> asked = new ArrayList<>();

    /** What comes of one rating: a number, or why there is none. */
    private Object rate(Function<Integer, Reply> replies, int tokens) {
        ChatModel model = new Fakes.Model(request -> {
            asked.add(request);
            return replies.apply(asked.size());
        });
        ModelUser user = new ModelUser(model, LoopPrompts.builtIn(), new ModelUser.Settings(1, 50, false, 2, tokens));
        Object[] came = new Object[1];
        Dialogue dialogue = new Dialogue(
                Fakes.state("s"), UserType.BENIGN, List.of(Turn.user("Well?"), Turn.assistant("It is so.")), 1);
        user.rate(List.of(new SimulatedUser.Rating(dialogue, 0)), new SimulatedUser.Sink<>() {
            @Override
            public void answered(int i, Double rating) {
                came[0] = rating;
            }

            @Override
            public void failed(int i, String why) {
                came[0] = why;
            }

            @Override
            public boolean stopped() {
                return false;
            }
        });
        return came[0];
    }

    private static Reply cut(String text) {
        return new Reply.Text(text, Map.of(), Reply.Text.LENGTH);
    }

    @Test
    void whatWasThoughtIsNoRating() {
        assertThat(rate(n -> new Reply.Text("<think>Is it a 3? No.</think>\n8"), 12))
                .isEqualTo(8.0);
        assertThat(asked).hasSize(1);
    }

    @Test
    void aRatingThatWasCutInItsThoughtsHasTheRoomOfOneThatReasons() {
        assertThat(rate(n -> n == 1 ? cut("<think>Let me") : new Reply.Text("7"), 12))
                .isEqualTo(7.0);
        assertThat(asked).extracting(Request::maxTokens).containsExactly(12, 4096);
        assertThat(asked.get(1).messages()).isEqualTo(asked.get(0).messages());
    }

    @Test
    void moreRoomIsGivenOnceAndTakesNoAttempt() {
        assertThat(rate(n -> cut("I am quite satisfied with"), 12)).isEqualTo("no rating after 2 attempts");
        assertThat(asked).extracting(Request::maxTokens).containsExactly(12, 48, 48);
    }

    @Test
    void theBoundIsTheUsers() {
        assertThat(rate(n -> new Reply.Text("10"), 5000)).isEqualTo(10.0);
        assertThat(asked).extracting(Request::maxTokens).containsExactly(5000);
    }
}
