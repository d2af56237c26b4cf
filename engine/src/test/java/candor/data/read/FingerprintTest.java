package candor.data.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FingerprintTest {
    @TempDir
    Path folder;

    @Test
    void noticesAChangedFile() throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "abc");
        Fingerprint before = Fingerprint.of(file);
        // FIPS 180-2, appendix B.1
        assertThat(before)
                .isEqualTo(new Fingerprint(
                        file.toString(), 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        assertThatCode(before::requireUnchanged).doesNotThrowAnyException();
        Files.writeString(file, "abd");
        assertThatThrownBy(before::requireUnchanged)
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(file + ": has changed");
        Files.delete(file);
        assertThatThrownBy(before::requireUnchanged).isInstanceOf(BadInput.class);
    }
}
