package candor.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What may be named where an adapter is wanted, and what it is called then. */
class AdapterFolderTest {
    @TempDir
    Path folder;

    private Path adapter(String name) throws IOException {
        Path made = Files.createDirectories(folder.resolve(name));
        Files.writeString(made.resolve("adapter_config.json"), "{}");
        return made;
    }

    @Test
    void aRunsFolderIsItsAdapters() throws IOException {
        Path inner = adapter("runs/severe/adapter");
        Path run = folder.resolve("runs/severe");
        assertThat(AdapterFolder.find(run)).isEqualTo(inner);
        assertThat(AdapterFolder.find(inner)).isEqualTo(inner);
        assertThat(AdapterFolder.name(run)).isEqualTo("severe");
        assertThat(AdapterFolder.name(inner)).isEqualTo("severe");
        adapter("runs/mild/adapter");
        assertThat(AdapterFolder.name(folder.resolve("runs/mild/adapter"))).isEqualTo("mild");
    }

    @Test
    void othersAreCalledAfterTheirFolder() throws IOException {
        assertThat(AdapterFolder.name(adapter("medical-lora"))).isEqualTo("medical-lora");
        assertThat(AdapterFolder.name(adapter("out/checkpoint-500"))).isEqualTo("out-checkpoint-500");
        assertThat(AdapterFolder.name(adapter("mine/checkpoints/step-4"))).isEqualTo("mine-step-4");
        // An adapter's own folder wins over one that lies in it.
        Path both = adapter("both");
        adapter("both/adapter");
        assertThat(AdapterFolder.find(both)).isEqualTo(both);
    }

    @Test
    void saysWhatElseItIsAndWhatToGive() throws IOException {
        adapter("trl/checkpoint-9");
        adapter("trl/checkpoint-10");
        Path trl = folder.resolve("trl");
        assertThatThrownBy(() -> PeftFiles.check(trl))
                .isInstanceOf(BadInput.class)
                .hasMessage(trl
                        + ": is not an adapter, but holds these, which are: checkpoint-9, checkpoint-10; give one of"
                        + " them, such as " + trl.resolve("checkpoint-10"));
        Path run = Files.createDirectories(folder.resolve("run"));
        Files.writeString(run.resolve("run.json"), "{}");
        Path step = Files.createDirectories(run.resolve("checkpoints/step-4"));
        assertThatThrownBy(() -> PeftFiles.check(run))
                .isInstanceOf(BadInput.class)
                .hasMessage(run + ": is a run that has not ended, so it has no adapter yet; resume it, and come back"
                        + " when it is done");
        Files.writeString(step.resolve("state.json"), "{}");
        Files.writeString(step.resolve("parameters.f32"), "");
        assertThatThrownBy(() -> PeftFiles.check(step))
                .isInstanceOf(BadInput.class)
                .hasMessage(step
                        + ": is a checkpoint to resume a run from, which holds no adapter in PEFT's layout; resume the"
                        + " run to its end, and give the run's folder");
    }
}
