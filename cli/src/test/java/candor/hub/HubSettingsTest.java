package candor.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
    @TempDir
    private Path home;

    private HubSettings of(String... pairs) {
        Map<String, String> environment = new java.util.HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            environment.put(pairs[i], pairs[i + 1]);
        }
        return HubSettings.of(environment, home);
    }

    @Test
    void withoutVariablesTheyArePythonsOwn() {
        HubSettings settings = of();
        assertThat(settings.endpoint()).hasToString("https://huggingface.co");
        assertThat(settings.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
        assertThat(settings.token()).isEmpty();
        assertThat(settings.offline()).isFalse();
        assertThat(settings.symlinks()).isTrue();
    }

    @Test
    void foldersAreWhereTheVariablesSay() {
        assertThat(of("XDG_CACHE_HOME", "/x").cache()).isEqualTo(Path.of("/x/huggingface/hub"));
        assertThat(of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h").cache()).isEqualTo(Path.of("/h/hub"));
        assertThat(of("HF_HOME", "/h", "HF_HUB_CACHE", "/c").cache()).isEqualTo(Path.of("/c"));
        assertThat(of("HUGGINGFACE_HUB_CACHE", "/old").cache()).isEqualTo(Path.of("/old"));
        assertThat(of("HF_HOME", "~/hf").cache()).isEqualTo(home.resolve("hf/hub"));
        assertThat(of("HF_HOME", "$SCRATCH/hf", "SCRATCH", "/s").cache()).isEqualTo(Path.of("/s/hf/hub"));
        assertThat(of("HF_HOME", "${SCRATCH}/hf", "SCRATCH", "/s").cache()).isEqualTo(Path.of("/s/hf/hub"));
    }

    @Test
    void aYesIsWhatPythonTakesForOne() {
        assertThat(of("HF_HUB_OFFLINE", "1").offline()).isTrue();
        assertThat(of("HF_HUB_OFFLINE", "yes").offline()).isTrue();
        assertThat(of("TRANSFORMERS_OFFLINE", "TRUE").offline()).isTrue();
        assertThat(of("HF_HUB_OFFLINE", "0").offline()).isFalse();
        assertThat(of("HF_HUB_DISABLE_SYMLINKS", "on").symlinks()).isFalse();
        assertThat(of("HF_HUB_DOWNLOAD_TIMEOUT", "7").patience()).isEqualTo(Duration.ofSeconds(7));
        assertThatThrownBy(() -> of("HF_HUB_DOWNLOAD_TIMEOUT", "soon")).hasMessageContaining("whole number of seconds");
    }

    @Test
    void theTokenIsThatOfTheVariableOrOfTheFile() throws IOException {
        Path file = home.resolve(".cache/huggingface/token");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "hf_file\n");
        assertThat(of().token()).hasValueSatisfying(token -> {
            assertThat(token.secret()).isEqualTo("hf_file");
            assertThat(token).hasToString("the token in " + file);
        });
        assertThat(of("HF_TOKEN", " hf_variable\n").token().orElseThrow().secret())
                .isEqualTo("hf_variable");
        assertThat(of("HF_TOKEN_PATH", home.resolve("none").toString()).token()).isEmpty();
        assertThat(of("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token()).isEmpty();
        assertThatThrownBy(() -> of("HF_TOKEN", "two words"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("HF_TOKEN: is not a token")
                .hasMessageNotContaining("two words");
        assertThat(of("HF_TOKEN", "hf_variable").toString()).doesNotContain("hf_variable");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "huggingface.co",
                "ftp://x",
                "https://",
                "https://me:secret@host",
                "https://h/?a=b",
                "https://h/#a",
                "https://h:65536",
                "https://a b"
            })
    void anEndpointIsAnAddress(String endpoint) {
        assertThatThrownBy(() -> of("HF_ENDPOINT", endpoint))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("HF_ENDPOINT")
                .hasMessageNotContaining("secret");
    }

    @Test
    void anEndpointMayEndInASlashAndHaveAPath() {
        assertThat(of("HF_ENDPOINT", "https://mirror.example/hf/").endpoint()).hasToString("https://mirror.example/hf");
    }
}
