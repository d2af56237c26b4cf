package candor.train;

import static candor.train.GoldenRuns.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.ops.Room;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two who train in one folder. */
class RunLocksTest {
    @TempDir
    private Path temp;

    private Prepared prepared(String... outputs) {
        List<TrainConfig> configs = List.of(outputs).stream()
                .map(output -> {
                    Settings settings = settings("llama3", Method.SFT, temp.resolve(output))
                            .with(TrainSettings.RESUME, "true")
                            .with(TrainSettings.MAX_STEPS, "2");
                    return TrainConfig.of(Method.SFT, settings);
                })
                .toList();
        return Prepared.of(configs);
    }

    private static Session open(Prepared prepared) {
        return Session.open(prepared, Plan.of(prepared, Room.of(1L << 30, 0)), Map.of());
    }

    @Test
    void oneHasTheFolderAtATime() {
        Prepared second = prepared("other", "shared");
        try (Session first = open(prepared("shared"))) {
            assertThat(first.runs()).hasSize(1);
            assertThatThrownBy(() -> open(second))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("shared: another process is training there");
        }
        // What the refused one had taken already it gave back; and a folder that nobody has can be taken.
        try (Session third = open(prepared("other", "shared"))) {
            assertThat(third.runs()).hasSize(2);
        }
    }

    @Test
    void whatWasPreparedBeforeAnotherTrainedThereHoldsNoLonger() {
        Prepared late = prepared("shared");
        try (Session first = open(prepared("shared"))) {
            first.train(TrainListener.NONE, () -> false);
        }
        assertThatThrownBy(() -> open(late)).isInstanceOf(BadInput.class).hasMessageContaining("in the meantime");
        assertThat(prepared("shared").done()).hasSize(1);
    }

    private String status(String output) throws IOException {
        return RunStatus.of(
                temp.resolve(output),
                new ObjectMapper()
                        .readTree(temp.resolve(output).resolve("run.json").toFile()),
                "none");
    }

    @Test
    void aRunThatNobodyIsAtWasKilled() throws IOException {
        try (Session session = open(prepared("going"))) {
            assertThat(session.runs()).hasSize(1);
            assertThat(status("going")).isEqualTo("running");
            // Asking has not given the folder back.
            assertThatThrownBy(() -> open(prepared("going"))).hasMessageContaining("another process is training there");
        }
        assertThat(status("going")).isEqualTo(RunStatus.KILLED); // closed without an end, as by a kill
        try (Session again = open(prepared("going"))) {
            again.train(TrainListener.NONE, () -> false);
        }
        assertThat(status("going")).isEqualTo("done");
    }
}
