package candor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.lora.AdapterFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubSnapshotTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    @TempDir
    private Path cache;

    @Test
    void aPathOfTheCacheIsKnown() {
        HubSnapshot tiny = new HubSnapshot("org/tiny", COMMIT);
        Path snapshot = cache.resolve("models--org--tiny/snapshots").resolve(COMMIT);
        assertThat(HubSnapshot.of(snapshot)).contains(tiny);
        assertThat(HubSnapshot.of(snapshot.resolve("sub/../adapter"))).contains(tiny);
        assertThat(HubSnapshot.of(cache.resolve("datasets--org--rows/snapshots")
                        .resolve(COMMIT)
                        .resolve("main/a.jsonl")))
                .contains(new HubSnapshot("org/rows", COMMIT));
        assertThat(HubSnapshot.of(cache.resolve("models--gpt2/snapshots").resolve(COMMIT)))
                .contains(new HubSnapshot("gpt2", COMMIT));
        assertThat(HubSnapshot.of(cache.resolve("models--org--tiny/snapshots/main")))
                .isEmpty();
        assertThat(HubSnapshot.of(cache.resolve("mine/snapshots").resolve(COMMIT)))
                .isEmpty();
        assertThat(HubSnapshot.of(Path.of("/"))).isEmpty();
        assertThat(AdapterFolder.name(snapshot)).isEqualTo("tiny");
    }

    /** Where huggingface_hub keeps a file that several repositories have, {@code blobs/ETAG} is a link, too. */
    @Test
    void filesMayBeLinksIntoTheCacheButNotOutOfIt() throws IOException {
        Path repository = cache.resolve("models--org--tiny");
        Path snapshot = Files.createDirectories(repository.resolve("snapshots").resolve(COMMIT));
        Files.createDirectories(repository.resolve("blobs"));
        Files.createDirectories(cache.resolve("blobs/ab"));
        Files.writeString(cache.resolve("blobs/ab/abc"), "shared");
        Files.createSymbolicLink(repository.resolve("blobs/e1"), Path.of("../../blobs/ab/abc"));
        Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/e1"));
        Files.writeString(cache.resolve("secret"), "secret");
        Files.createSymbolicLink(snapshot.resolve("tokenizer.json"), Path.of("../../../secret"));
        SafeFolder folder = SafeFolder.at(snapshot, "a folder");
        assertThat(folder.file("config.json")).hasContent("shared");
        assertThatThrownBy(() -> folder.file("tokenizer.json"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("points outside the folder");
    }
}
