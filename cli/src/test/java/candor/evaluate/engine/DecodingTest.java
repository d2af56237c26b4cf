package candor.evaluate.engine;

import static org.assertj.core.api.Assertions.assertThat;

import candor.evaluate.engine.Decoding.Given;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecodingTest {
    private static final Given NOTHING = new Given(null, null, null);

    @TempDir
    private Path model;

    @Test
    void theModelsFileIsAskedWhereWantedAndAFlagWins() throws IOException {
        assertThat(Decoding.of(NOTHING, true, model)).isEqualTo(Decoding.PLAIN);
        Files.writeString(
                model.resolve("generation_config.json"),
                "{\"do_sample\": true, \"temperature\": 0.7, \"top_p\": 0.8, \"top_k\": 20, \"repetition_penalty\": 1.05}");
        assertThat(Decoding.of(NOTHING, false, model)).isEqualTo(Decoding.PLAIN);
        assertThat(Decoding.of(NOTHING, true, model)).isEqualTo(new Decoding(0.8, 20, 1.05));
        assertThat(Decoding.of(new Given(0.5, null, 1.0), true, model)).isEqualTo(new Decoding(0.5, 20, 1));
        assertThat(Decoding.of(new Given(null, 0, null), true, model)).isEqualTo(new Decoding(0.8, 0, 1.05));
    }
}
