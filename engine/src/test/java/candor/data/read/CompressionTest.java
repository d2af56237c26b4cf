package candor.data.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompressionTest {
    @TempDir
    private Path folder;

    private static byte[] packed(String ending, byte[] bytes) throws IOException {
        if (ending.equals(".zst")) {
            return Zstd.compress(bytes);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private Path file(String name, String ending, String content) throws IOException {
        return Files.write(folder.resolve(name + ending), packed(ending, content.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<String> rows(Path file) {
        List<String> rows = new ArrayList<>();
        try (RowReader reader = RowReader.open(file, 1000)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                rows.add(entry.origin().line()
                        + (entry instanceof Entry.Row row
                                ? row.columns().toString()
                                : " " + ((Entry.Bad) entry).problem()));
            }
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(strings = {".gz", ".zst"})
    void everyKindOfTextIsReadThroughIt(String ending) throws IOException {
        String jsonl = "\ufeff{\"a\":\"é\"}\n" + "{\"a\":2}\n".repeat(50_000);
        assertThat(rows(file("a.jsonl", ending, jsonl))).hasSize(50_001).startsWith("1{\"a\":\"é\"}", "2{\"a\":2}");
        assertThat(rows(file("a.json", ending, "[{\"a\":1},\n{\"a\":2}]"))).containsExactly("1{\"a\":1}", "2{\"a\":2}");
        assertThat(rows(file("a.csv", ending, "a\n1"))).containsExactly("2{\"a\":\"1\"}");
        assertThat(rows(Files.copy(file("b.csv", ending, "a\n1"), folder.resolve("c.csv"))))
                .as("the content tells, not the name")
                .containsExactly("2{\"a\":\"1\"}");
        assertThat(rows(file("long.jsonl", ending, "{\"a\":\"" + "x".repeat(2000) + "\"}\n{}")))
                .containsExactly("1 is longer than the 1000 bytes that a row may have", "2{}");
    }

    @ParameterizedTest
    @ValueSource(strings = {".gz", ".zst"})
    void partsOneBehindTheOtherAreOneFile(String ending) throws IOException {
        byte[] one = packed(ending, "{\"a\":1}\n".getBytes(StandardCharsets.UTF_8));
        byte[] two = packed(ending, "{\"a\":2}\n".getBytes(StandardCharsets.UTF_8));
        byte[] both = Arrays.copyOf(one, one.length + two.length);
        System.arraycopy(two, 0, both, one.length, two.length);
        assertThat(rows(Files.write(folder.resolve("a.jsonl" + ending), both)))
                .containsExactly("1{\"a\":1}", "2{\"a\":2}");
    }

    @ParameterizedTest
    @ValueSource(strings = {".gz", ".zst"})
    void aCutOrDamagedFileIsOneLine(String ending) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 50_000; i++) {
            text.append("{\"a\":")
                    .append(Integer.toHexString(i * 0x9e3779b1).hashCode())
                    .append("}\n");
        }
        byte[] whole = packed(ending, text.toString().getBytes(StandardCharsets.UTF_8));
        Path cut = Files.write(folder.resolve("a.jsonl" + ending), Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> rows(cut))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(cut + ": cannot be read: ");
        byte[] bad = whole.clone();
        for (int i = bad.length / 2; i < bad.length / 2 + 200; i++) {
            bad[i] ^= 0x55;
        }
        Path damaged = Files.write(folder.resolve("b.jsonl" + ending), bad);
        assertThatThrownBy(() -> rows(damaged))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(damaged + ": cannot be read: it is damaged and cannot be unpacked (")
                .hasMessageNotContaining("\n");
    }

    @Test
    void whatComesOutIsBounded() throws IOException {
        UnpackedInput in = new UnpackedInput(new ByteArrayInputStream(new byte[101]), 100);
        assertThat(in.read()).isZero();
        assertThatThrownBy(() -> in.readNBytes(100))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("it unpacks to more than 100 bytes");
    }

    @Test
    void whatCannotBeReadThroughItIsNamed() throws IOException {
        Path twice = Files.write(
                folder.resolve("a.jsonl.gz"), packed(".gz", packed(".zst", "{}".getBytes(StandardCharsets.UTF_8))));
        assertThatThrownBy(() -> rows(twice)).isInstanceOf(BadInput.class).hasMessageContaining("is compressed twice");
        Path parquet = file("a.parquet", ".gz", "PAR1xxxxPAR1");
        assertThatThrownBy(() -> rows(parquet))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("is a Parquet file that was compressed once more");
    }
}
