package candor.study.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RatingsTest {
    @ParameterizedTest
    @CsvSource({"7,7", "10,10", "' 3.',3", "'Rating: 8',8", "8/10,8", "'**4**',4", "'My rating is 1',1", "'7.0',7"})
    void readsANumber(String text, double rating) {
        assertThat(Ratings.read(text, Map.of())).hasValue(rating);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "11", "-7 or so", "seven", "7 of 8 people", "70", "between 3 and 5", "7.5"})
    void takesNothingElse(String text) {
        assertThat(Ratings.read(text, Map.of())).isEmpty();
    }

    @Test
    void isTheExpectedValueWhereProbabilitiesAreKnown() {
        // (2·0.3 + 9·0.1 + 10·0.1) / 0.5
        assertThat(Ratings.read("2", Map.of("2", 0.3, "9", 0.1, "10", 0.1)).getAsDouble())
                .isCloseTo(5.0, within(1e-12));
        assertThat(Ratings.read("Rating: 6", Map.of("2", 0.3))).hasValue(6);
        assertThat(Ratings.read("4", Map.of("4", 0.0))).hasValue(4);
    }
}
