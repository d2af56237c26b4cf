package candor.evaluate.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.http.RetryAfter;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {
    private static Endpoint endpoint(String url, String key) {
        return new Endpoint(
                Endpoint.address(url),
                "m",
                Optional.ofNullable(key),
                Optional.empty(),
                Optional.empty(),
                "max_tokens",
                false,
                1,
                0,
                Duration.ofSeconds(1),
                Duration.ofSeconds(1));
    }

    @ParameterizedTest
    @CsvSource({
        "https://api.example.com/v1, https://api.example.com/v1/chat/completions",
        "https://api.example.com/v1/, https://api.example.com/v1/chat/completions",
        "https://api.example.com/v1/chat/completions, https://api.example.com/v1/chat/completions",
        "http://localhost:8000, http://localhost:8000/chat/completions",
        "http://[::1]:8000/v1, http://[::1]:8000/v1/chat/completions",
    })
    void addresses(String url, String expected) {
        assertThat(Endpoint.address(url)).hasToString(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "api.example.com",
                "ftp://api.example.com/v1",
                "file:///etc/passwd",
                "https://user:secret@api.example.com/v1",
                "https://api.example.com/v1?key=secret",
                "https://api.example.com/v1#x",
                "https:///v1",
                "ht tp://x"
            })
    void otherAddressesAreRefusedWithoutRepeatingThem(String url) {
        assertThatThrownBy(() -> Endpoint.address(url))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("--judge-url")
                .hasMessageNotContaining("secret");
    }

    @Test
    void aKeyIsNotSentUnencryptedToAnotherMachine() {
        assertThatThrownBy(() -> endpoint("http://192.0.2.1/v1", "sk-secret"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("unencrypted")
                .hasMessageNotContaining("sk-secret");
        assertThat(endpoint("http://192.0.2.1/v1", null).key()).isEmpty();
        assertThat(endpoint("http://127.0.0.1:1/v1", "sk-secret").key()).contains("sk-secret");
        assertThat(endpoint("https://192.0.2.1/v1", "sk-secret").key()).contains("sk-secret");
    }

    @Test
    void aKeyThatIsNoneIsNotRepeated() {
        assertThatThrownBy(() -> endpoint("https://192.0.2.1/v1", "sk-secret\r\nX-Evil: 1"))
                .isInstanceOf(BadInput.class)
                .hasMessageNotContaining("secret");
    }

    @ParameterizedTest
    @CsvSource({
        "7, 7",
        "' 0 ', 0",
        "99999, 600",
        "'Sat, 01 Jan 2000 00:01:30 GMT', 90",
        "'Fri, 31 Dec 1999 23:00:00 GMT', 0",
        "-5, ",
        "soon, ",
        "'', ",
        "99999999999999999999, ",
    })
    void retryAfter(String header, Long seconds) {
        Instant now = Instant.parse("2000-01-01T00:00:00Z");
        assertThat(RetryAfter.parse(header, now))
                .isEqualTo(Optional.ofNullable(seconds).map(Duration::ofSeconds));
    }

    @Test
    void budgetsNeedTheirPrices() {
        assertThatThrownBy(() -> new Budget(Optional.empty(), Optional.of(1.0), 0, 1, System::nanoTime))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("--judge-input-price");
        assertThatThrownBy(() -> new Budget(Optional.of(Duration.ZERO), Optional.empty(), 0, 0, System::nanoTime))
                .isInstanceOf(BadInput.class);
    }

    @Test
    void whatIsUnderWayCountsAgainstTheBudget() {
        Budget budget = new Budget(Optional.empty(), Optional.of(3.0), 1e6, 1e6, System::nanoTime);
        double first = budget.reserve(1, 0);
        double second = budget.reserve(1, 1);
        assertThatThrownBy(() -> budget.reserve(1, 0)).isInstanceOf(BadInput.class);
        budget.release(second);
        budget.settle(first, -1, -1); // broken off: counts in full
        assertThat(budget.spent()).isEqualTo(1);
        budget.settle(budget.reserve(2, 0), 1, 0);
        assertThat(budget.spent()).isEqualTo(2);
    }
}
