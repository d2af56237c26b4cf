package candor.data.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.Example;
import candor.data.ExampleReader;
import candor.data.PromptReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFilesTest {
    @TempDir
    private Path folder;

    private Path file(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, content);
    }

    @Test
    void aFolderIsItsDataFilesInTheOrderOfTheirNames() throws IOException {
        Path b = file("d/b.jsonl", "{}");
        Path a = file("d/a.csv", "");
        Path gz = file("d/c.json.gz", "");
        Path zst = file("d/c.PARQUET.zst", "");
        for (String other : List.of("d/README.md", "d/.hidden.jsonl", "d/sub/x.jsonl", "d/notes.txt.gz")) {
            file(other, "");
        }
        assertThat(DataFiles.of(List.of(folder.resolve("d"), b))).containsExactly(a, b, zst, gz, b);
        assertThat(DataFiles.bareName(zst)).isEqualTo("c.PARQUET");
        assertThat(DataFiles.find(folder.resolve("d"), "c.json")).hasValue(gz);
        assertThat(DataFiles.find(folder.resolve("d"), "b.jsonl")).hasValue(b);
        assertThat(DataFiles.find(folder.resolve("d"), "e.jsonl")).isEmpty();
    }

    @Test
    void aFolderWithoutDataAndAMissingPathAreOneLine() throws IOException {
        file("empty/README.md", "");
        Path empty = folder.resolve("empty");
        assertThatThrownBy(() -> DataFiles.of(empty))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(empty + ": is a folder without data files (.jsonl, ");
        file("nested/sub/x.jsonl", "");
        assertThatThrownBy(() -> DataFiles.of(folder.resolve("nested")))
                .isInstanceOf(BadInput.class)
                .hasMessageEndingWith("its subfolders are not read");
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> DataFiles.of(missing))
                .isInstanceOf(BadInput.class)
                .hasMessage(missing + ": no such file");
    }

    @Test
    void readersTakeFolders() throws IOException {
        file("d/1.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}");
        file("d/2.csv", "prompt,completion\nc,d\n");
        Path data = folder.resolve("d");
        assertThat(ExampleReader.readAll(List.of(data), ExampleReader.Settings.plain()))
                .extracting(Example::content)
                .containsExactly(new Example.PlainText("a", "b"), new Example.PlainText("c", "d"));
        assertThat(PromptReader.readAll(data))
                .extracting(prompt -> prompt.text())
                .containsExactly("a", "c");
    }

    @Test
    void aFoldersFingerprintIsThatOfItsDataFiles() throws IOException {
        file("d/1.jsonl", "{}");
        Path data = folder.resolve("d");
        Fingerprint one = Fingerprint.of(data);
        assertThat(one.bytes()).isEqualTo(2);
        file("d/README.md", "not looked at");
        assertThat(Fingerprint.of(data)).isEqualTo(one);
        file("d/2.jsonl", "");
        assertThatThrownBy(one::requireUnchanged).isInstanceOf(BadInput.class).hasMessageContaining("has changed");
    }
}
