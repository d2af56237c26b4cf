package candor.data.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files were written by pyarrow 25 (row groups of 2), which writes what the datasets on the Hub are made of. */
class ParquetReaderTest {
    @TempDir
    Path folder;

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(ParquetReaderTest.class.getResource("/data/" + name).toURI());
    }

    private static List<Entry> read(Path file, int maxRowBytes) {
        List<Entry> entries = new ArrayList<>();
        try (RowReader reader = RowReader.open(file, maxRowBytes)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                entries.add(entry);
            }
        }
        return entries;
    }

    @ParameterizedTest
    @ValueSource(strings = {"snappy", "zstd", "gzip", "none", "lz4", "pages2"})
    void nestedListsComeBackAsWritten(String compression) throws Exception {
        List<String> rows = read(resource("chats-" + compression + ".parquet"), 1 << 20).stream()
                .map(entry -> {
                    Entry.Row row = (Entry.Row) entry;
                    row.columns().remove("raw");
                    return row.origin().row() + "/" + row.origin().line() + ":" + row.columns();
                })
                .toList();
        assertThat(rows)
                .containsExactly(
                        "1/0:{\"messages\":[{\"role\":\"system\",\"content\":\"Be"
                                + " brief.\"},{\"role\":\"user\",\"content\":\"Hi é😀\"},"
                                + "{\"role\":\"assistant\",\"content\":\"Hello\"}],\"label\":true,\"score\":0.5,\"tags\":[\"a\",\"b\"],"
                                + "\"nested\":[[1,2],[3]]}",
                        "2/0:{\"messages\":[{\"role\":\"user\",\"content\":\"Two\\n"
                                + "lines\"},{\"role\":\"assistant\",\"content\":\"\"}],"
                                + "\"label\":false,\"score\":1.0,\"tags\":[],\"nested\":[[]]}",
                        "3/0:{\"messages\":[],\"label\":null,\"score\":null,\"tags\":null,\"nested\":[]}",
                        "4/0:{\"messages\":null,\"label\":true,\"score\":2.0,\"tags\":[\"c\"],\"nested\":null}",
                        "5/0:{\"messages\":[{\"role\":\"user\",\"content\":null},{\"role\":\"assistant\",\"content\":\""
                                + "x".repeat(3000)
                                + "\"}],\"label\":false,\"score\":3.0,\"tags\":[\"d\",null],\"nested\":[[4],[5,6,7]]}");
    }

    @Test
    void everyEncodingIsRead() throws Exception {
        List<Entry> entries = read(resource("encodings.parquet"), 1 << 20);
        assertThat(entries).hasSize(200);
        for (int i = 0; i < entries.size(); i++) {
            assertThat(((Entry.Row) entries.get(i)).columns())
                    .hasToString(
                            "{\"text\":\"" + "prefix %d ".formatted(i).repeat(5) + "\",\"short\":\"s" + i + "\",\"n\":"
                                    + i + ",\"m\":" + 3 * i + ",\"f\":" + i / 7.0 + ",\"b\":" + (i % 3 == 0) + "}");
        }
    }

    @Test
    void aCodecThatIsNotThereIsNamed() throws Exception {
        Path file = resource("chats-brotli.parquet");
        assertThatThrownBy(() -> read(file, 1 << 20))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(file + ": cannot be read as Parquet after row 0: ")
                .hasMessageContaining("BrotliCodec")
                .hasMessageNotContaining("FileSystemInputFile");
    }

    @Test
    void aLongRowIsBad() throws Exception {
        List<Entry> entries = read(resource("chats-snappy.parquet"), 2000);
        assertThat(entries.subList(0, 4)).allMatch(Entry.Row.class::isInstance);
        assertThat(((Entry.Bad) entries.get(4)).toBadInput())
                .hasMessageEndingWith("chats-snappy.parquet, row 5: is longer than the 2000 bytes that a row may have");
    }

    @Test
    void aDamagedFileIsBadInput() throws Exception {
        byte[] whole = Files.readAllBytes(resource("chats-snappy.parquet"));
        Path cut = Files.write(folder.resolve("cut.parquet"), java.util.Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> read(cut, 1 << 20))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(cut + ": ");
        int refused = 0;
        for (int i = 4; i < whole.length; i += 97) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 0x55;
            Path file = Files.write(folder.resolve("damaged.parquet"), damaged);
            refused += isRefused(file) ? 1 : 0;
        }
        assertThat(refused).isPositive();
    }

    /** Anything but rows or BadInput fails the test: some damage is only another text, and goes unseen. */
    private static boolean isRefused(Path file) throws IOException {
        try {
            read(file, 1 << 20);
            return false;
        } catch (BadInput expected) {
            return true;
        }
    }
}
