package candor.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerationDefaultsTest {
    @TempDir
    private Path folder;

    private GenerationDefaults of(String json) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), json);
        return GenerationDefaults.of(folder);
    }

    @Test
    void whatTheFileSays() throws IOException {
        assertThat(GenerationDefaults.of(folder)).isEqualTo(GenerationDefaults.NONE);
        // As Qwen 2.5 publishes it.
        GenerationDefaults qwen = of("{\"do_sample\": true, \"temperature\": 0.7, \"top_p\": 0.8, \"top_k\": 20,"
                + " \"repetition_penalty\": 1.05, \"eos_token_id\": [1, 2]}");
        assertThat(qwen).isEqualTo(new GenerationDefaults(true, 0.7, 20, 0.8, 1.05, 0));
        assertThat(qwen.drawnTopK()).isEqualTo(20);
        assertThat(qwen.drawnTopP()).isEqualTo(0.8);
        GenerationDefaults greedy = of("{\"temperature\": null, \"top_p\": 0.9, \"top_k\": 50}");
        assertThat(greedy).isEqualTo(new GenerationDefaults(false, 1, 50, 0.9, 1, 0));
        assertThat(greedy.drawnTopK()).isZero();
        assertThat(greedy.drawnTopP()).isEqualTo(1);
    }

    @Test
    void aValueThatSamplingDoesNotTakeIsNamed() {
        assertThatThrownBy(() -> of("{\"top_p\": 1.5}"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("generation_config.json")
                .hasMessageContaining("top_p");
        assertThatThrownBy(() -> of("{\"top_k\": -1}")).isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> of("{\"temperature\": \"hot\"}")).isInstanceOf(BadInput.class);
    }
}
