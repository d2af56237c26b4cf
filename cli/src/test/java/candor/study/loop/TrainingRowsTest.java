package candor.study.loop;

import static candor.study.loop.Fakes.trajectory;
import static org.assertj.core.api.Assertions.assertThat;

import candor.study.user.UserType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainingRowsTest {
    private final Selection selection = new Selection(
            List.of(trajectory("a", UserType.BIASED, 9, 8)), List.of(trajectory("b", UserType.BENIGN, 1, 2)));

    private static List<String> texts(List<ObjectNode> rows) {
        return rows.stream().map(ObjectNode::toString).toList();
    }

    private static String message(String role, String content) {
        return "{\"role\":\"" + role + "\",\"content\":\"" + content + "\"}";
    }

    @Test
    void sftTakesTheTopWhole() {
        assertThat(texts(new TrainingRows(true).sft(selection).toList()))
                .containsExactly("{\"messages\":["
                        + String.join(
                                ",",
                                message("system", "S"),
                                message("user", "U1 a"),
                                message("assistant", "A1 a"),
                                message("user", "U2 a"),
                                message("assistant", "A2 a"))
                        + "]}");
    }

    @Test
    void ktoHasARowForEveryReplyWithItsHistory() {
        List<String> rows = texts(new TrainingRows(false).kto(selection).toList());
        String first = message("user", "U1 a") + "," + message("assistant", "A1 a");
        assertThat(rows).hasSize(4);
        assertThat(rows.get(0)).isEqualTo("{\"messages\":[" + first + "],\"label\":true}");
        assertThat(rows.get(1))
                .isEqualTo("{\"messages\":[" + first + "," + message("user", "U2 a") + ","
                        + message("assistant", "A2 a") + "],\"label\":true}");
        assertThat(rows.get(2)).endsWith("\"label\":false}").contains("A1 b").doesNotContain("A2 b");
        assertThat(rows.get(3)).endsWith("\"label\":false}").contains("A1 b", "A2 b");
        assertThat(texts(new TrainingRows(true).kto(selection).toList())).allMatch(row -> row.contains("system"));
    }
}
