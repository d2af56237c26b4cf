package candor.evaluate.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FirstTokenTest {
    private static final List<String> CHOICES = List.of("1", "2", "10");

    private static String place(String token, Object... likely) {
        StringBuilder top = new StringBuilder();
        for (int i = 0; i < likely.length; i += 2) {
            top.append(i == 0 ? "" : ",")
                    .append("{\"token\":\"")
                    .append(likely[i])
                    .append("\",\"logprob\":")
                    .append(Math.log((Double) likely[i + 1]))
                    .append("}");
        }
        return "{\"token\":\"" + token + "\",\"logprob\":-1,\"top_logprobs\":[" + top + "]}";
    }

    private static Map<String, Double> choices(String... places) throws IOException {
        String json = "{\"content\":[" + String.join(",", places) + "]}";
        return FirstToken.choices(new ObjectMapper().readTree(json), CHOICES);
    }

    @Test
    void looksUpWholeTokens() throws IOException {
        Map<String, Double> found = choices(place("10", "10", 0.5, "2", 0.2, " 2", 0.1, "I", 0.1));
        assertThat(found.get("10")).isCloseTo(0.5, within(1e-9));
        assertThat(found.get("2")).isCloseTo(0.3, within(1e-9));
        assertThat(found).doesNotContainKey("1");
    }

    @Test
    void partsOneFromTenWhereDigitsAreTokens() throws IOException {
        Map<String, Double> found = choices(place("1", "1", 0.6, "2", 0.4), place("<end>", "<end>", 0.75, "0", 0.25));
        assertThat(found.get("1")).isCloseTo(0.45, within(1e-9));
        assertThat(found.get("10")).isCloseTo(0.15, within(1e-9));
        assertThat(found.get("2")).isCloseTo(0.4, within(1e-9));
    }

    @Test
    void passesBlanksInFrontAndNonsense() throws IOException {
        assertThat(choices(place(" ", " ", 0.9), place("2", "2", 0.8)).get("2")).isCloseTo(0.8, within(1e-9));
        assertThat(choices()).isEmpty();
        assertThat(FirstToken.choices(
                        new ObjectMapper()
                                .readTree("{\"content\":[{\"token\":\"2\",\"top_logprobs\":"
                                        + "[{\"token\":\"2\",\"logprob\":3},{\"token\":\"1\",\"logprob\":\"x\"},7]}]}"),
                        CHOICES))
                .isEmpty();
    }
}
