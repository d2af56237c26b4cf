package candor.data.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowReaderTest {
    @TempDir
    Path folder;

    private Path file(String name, String content) throws IOException {
        return file(name, content.getBytes(StandardCharsets.UTF_8));
    }

    private Path file(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    private static List<Entry> read(Path... files) {
        return read(RowReader.DEFAULT_MAX_ROW_BYTES, files);
    }

    private static List<Entry> read(int maxRowBytes, Path... files) {
        List<Entry> entries = new ArrayList<>();
        try (RowReader reader = RowReader.open(List.of(files), maxRowBytes)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                entries.add(entry);
            }
            assertThat(reader.next()).as("a reader at its end stays there").isNull();
        }
        return entries;
    }

    /** Rows as {@code line:json}, bad ones as {@code line!problem}. */
    private static List<String> shown(List<Entry> entries) {
        return entries.stream()
                .map(entry -> switch (entry) {
                    case Entry.Row row -> row.origin().line() + ":" + row.columns();
                    case Entry.Bad bad -> bad.origin().line() + "!" + bad.problem();
                })
                .toList();
    }

    @Test
    void jsonlKeepsLineNumbersOverBlankLinesCrlfAndByteOrderMark() throws IOException {
        Path file = file("a.jsonl", "\ufeff{\"a\":\"é😀\"}\r\n\r\n  \n{\"a\":2}\n{\"a\":3}");
        assertThat(shown(read(file))).containsExactly("1:{\"a\":\"é😀\"}", "4:{\"a\":2}", "5:{\"a\":3}");
        assertThat(read(file).get(1).origin()).isEqualTo(new Origin(file, 2, 4));
    }

    @Test
    void jsonlGoesOnBehindABadLine() throws IOException {
        List<String> shown = shown(read(file(
                "a.jsonl",
                "{\"a\":1}\nnot json\n[1]\n7\n{\"a\":1} {\"a\":2}\n{\"a\":1,\"a\":2}\n{\"a\":\"\u0000\"}\n{\"a\":8}")));
        assertThat(shown).hasSize(8).startsWith("1:{\"a\":1}").endsWith("8:{\"a\":8}");
        assertThat(shown.get(1)).startsWith("2!is not valid JSON: Unrecognized token 'not'");
        assertThat(shown.subList(2, 4)).containsExactly("3!is not a JSON object", "4!is not a JSON object");
        assertThat(shown.get(4)).startsWith("5!is not valid JSON");
        assertThat(shown.get(5)).startsWith("6!is not valid JSON").contains("Duplicate field 'a'");
        assertThat(shown.get(6)).startsWith("7!is not valid JSON").contains("code 0");
    }

    @Test
    void anObjectOverManyLinesGetsAHint() throws IOException {
        assertThat(shown(read(file("a.jsonl", "{\n\"a\": 1\n}"))).getFirst())
                .contains("in JSONL an object takes one line");
    }

    @Test
    void namesTheLineThatIsNoUtf8() throws IOException {
        byte[] latin1 =
                "{\"a\":1}\n{\"a\":\"\u00e9\"}\n{\"a\":\"\\ufffd\ufffd\"}\n".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(shown(read(file("a.jsonl", latin1)))).contains("1:{\"a\":1}", "2!is not valid UTF-8");
        Path replacement = file("b.jsonl", "{\"a\":\"\ufffd\"}");
        assertThat(shown(read(replacement))).as("U+FFFD itself is text").containsExactly("1:{\"a\":\"\ufffd\"}");
        Path array = file("c.json", "[{\"a\":1},\n{\"a\":\"\u00e9\"}]".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> read(array))
                .isInstanceOf(BadInput.class)
                .hasMessage(array + ", line 2: is not valid UTF-8");
        Path csv = file("d.csv", "a,b\n1,2\n\u00e9,3\n4,5".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(shown(read(csv)))
                .containsExactly("2:{\"a\":\"1\",\"b\":\"2\"}", "3!is not valid UTF-8", "4:{\"a\":\"4\",\"b\":\"5\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"c080", "eda080", "f4908080", "e28228", "80", "c3", "f0808080", "ff"})
    void aJsonArrayRefusesOverlongFormsSurrogatesAndCutCharacters(String hex) throws IOException {
        byte[] head = "[{\"a\":\"é漢😀".getBytes(StandardCharsets.UTF_8);
        byte[] bad = java.util.HexFormat.of().parseHex(hex);
        byte[] tail = "\"}]".getBytes(StandardCharsets.UTF_8);
        byte[] all = new byte[head.length + bad.length + tail.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(bad, 0, all, head.length, bad.length);
        System.arraycopy(tail, 0, all, head.length + bad.length, tail.length);
        Path file = file("a.json", all);
        assertThatThrownBy(() -> read(file)).isInstanceOf(BadInput.class).hasMessageContaining("not valid UTF-8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"utf-16", "utf-16le", "utf-16be", "utf-32le", "utf-32be"})
    void namesOtherEncodings(String charset) throws IOException {
        for (String mark : List.of("\ufeff", "")) {
            for (Path file : List.of(
                    file("a.jsonl", (mark + "{\"a\":1}").getBytes(charset)),
                    file("b.json", (mark + "[{\"a\":1}]").getBytes(charset)),
                    file("c.csv", (mark + "a,b\n1,2").getBytes(charset)))) {
                assertThatThrownBy(() -> read(file))
                        .isInstanceOf(BadInput.class)
                        .hasMessage(file + ": is UTF-16 or UTF-32; save it as UTF-8");
            }
        }
    }

    @Test
    void aByteOrderMarkIsDataBehindTheBeginningOfAFile() throws IOException {
        assertThat(shown(read(file("a.jsonl", "\ufeff{\"\ufeffa\":\"\ufeffx\"}\n{\"a\":\"y\ufeff\"}"))))
                .containsExactly("1:{\"\ufeffa\":\"\ufeffx\"}", "2:{\"a\":\"y\ufeff\"}");
        assertThat(shown(read(file("b.json", "\ufeff[{\"a\":\"\ufeffx\"}]")))).containsExactly("1:{\"a\":\"\ufeffx\"}");
        assertThat(shown(read(file("c.csv", "\ufeffa,b\n\ufeff1,\ufeff2\n"))))
                .containsExactly("2:{\"a\":\"\ufeff1\",\"b\":\"\ufeff2\"}");
        Path one = file("1.csv", "\ufeff\ufeffa\n1");
        Path two = file("2.jsonl", "\ufeff{\"a\":2}");
        assertThat(shown(read(one, two)))
                .as("each file has its own beginning, and a second mark is data")
                .containsExactly("2:{\"\ufeffa\":\"1\"}", "1:{\"a\":2}");
        Path headerless = file("d.csv", "\ufeff1,2\n\ufeff3,4");
        try (RowReader reader = RowReader.openHeaderless(headerless, List.of("a", "b"), 100)) {
            assertThat(shown(List.of(reader.next(), reader.next())))
                    .containsExactly("1:{\"a\":\"1\",\"b\":\"2\"}", "2:{\"a\":\"\ufeff3\",\"b\":\"4\"}");
        }
    }

    @Test
    void aByteOrderMarkBetweenRowsIsNamed() throws IOException {
        String named = "U+FEFF, the byte order mark, is outside any text";
        assertThat(shown(read(file("a.jsonl", "{\"a\":1}\n\ufeff{\"a\":2}\n{\"a\":3}"))))
                .hasSize(3)
                .satisfies(rows -> assertThat(rows.get(1)).startsWith("2!").contains(named));
        Path array = file("b.json", "[{\"a\":1},\n\ufeff{\"a\":2}]");
        assertThatThrownBy(() -> read(array))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(array + ", line 2: ")
                .hasMessageContaining(named);
    }

    /** Buffers of 64 KiB: the mark's three bytes lie before, across and behind the end of one. */
    @Test
    void aByteOrderMarkAtTheEndOfABufferIsData() throws IOException {
        for (int before = -4; before <= 4; before++) {
            String text = "x".repeat((1 << 16) + before - 6) + "\ufeff\ufeff";
            assertThat(read(file("a.jsonl", "{\"a\":\"" + text + "\"}")))
                    .singleElement()
                    .satisfies(entry -> assertThat(
                                    ((Entry.Row) entry).columns().get("a").textValue())
                            .isEqualTo(text));
            assertThat(read(file("b.csv", "a,bcd\n" + text + ",1")))
                    .singleElement()
                    .satisfies(entry -> assertThat(
                                    ((Entry.Row) entry).columns().get("a").textValue())
                            .isEqualTo(text));
        }
    }

    @Test
    void aJsonArrayIsToldByItsContent() throws IOException {
        Path file = file("a.jsonl", "\ufeff \n [ {\"a\":1},\n {\"a\":[{\"b\":null}]}, 3,\r\n{}\n]\n");
        assertThat(shown(read(file)))
                .containsExactly("2:{\"a\":1}", "3:{\"a\":[{\"b\":null}]}", "3!is not a JSON object", "4:{}");
        assertThat(shown(read(file("b.json", "{\"a\":1}\n{\"a\":2}")))).containsExactly("1:{\"a\":1}", "2:{\"a\":2}");
        assertThat(read(file("c.json", "[]"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"[{\"a\":1},\n{\"a\":2}", "[{\"a\":1}\n{\"a\":2}]", "[{\"a\":1}]\n[]", "[{\"a\":1},\n{\"a"})
    void aBrokenJsonArrayIsRefusedWithItsLine(String content) throws IOException {
        Path file = file("a.json", content);
        assertThatThrownBy(() -> read(file)).isInstanceOf(BadInput.class).hasMessageStartingWith(file + ", line 2: ");
    }

    @Test
    void deepNestingIsRefused() throws IOException {
        String deep = "{\"a\":" + "[".repeat(5000) + "]".repeat(5000) + "}";
        assertThat(shown(read(file("a.jsonl", deep))).getFirst()).contains("nesting depth");
        Path array = file("a.json", "[\n" + deep + "]");
        assertThatThrownBy(() -> read(array))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(array + ", line 2: ")
                .hasMessageContaining("nesting depth");
    }

    @Test
    void whatTheJsonParserSaysOfItselfIsLeftOut() throws IOException {
        List<String> rows = List.of(
                "{\"a\":", "{\"a\":1,\"a\":2}", "{\"a\":1} 2", "{\"a\":NaN}", "{\"a\":" + "9".repeat(2000) + "}");
        for (String shown : shown(read(file("a.jsonl", String.join("\n", rows))))) {
            assertThat(shown)
                    .contains("!is not valid JSON: ")
                    .doesNotContain("Feature", "Constraints", "REDACTED", "Node");
        }
    }

    @Test
    void csvFollowsRfc4180() throws IOException {
        Path file = file(
                "a.csv",
                "\ufeffname,\"the \"\"text\"\"\"\r\n"
                        + "plain,x\r\n"
                        + "\"a,b\",\"line 1\r\n"
                        + "line 2\"\r\n\r\n"
                        + "\"\",\n"
                        + " a , b \"c\" \r"
                        + "last,\"é\"");
        assertThat(shown(read(file)))
                .containsExactly(
                        "2:{\"name\":\"plain\",\"the \\\"text\\\"\":\"x\"}",
                        "3:{\"name\":\"a,b\",\"the \\\"text\\\"\":\"line 1\\r\\nline 2\"}",
                        "6:{\"name\":\"\",\"the \\\"text\\\"\":\"\"}",
                        "7:{\"name\":\" a \",\"the \\\"text\\\"\":\" b \\\"c\\\" \"}",
                        "8:{\"name\":\"last\",\"the \\\"text\\\"\":\"é\"}");
    }

    @Test
    void csvTakesQuotesAndMarksInsideAFieldAsTheyAre() throws IOException {
        Path file = file("a.csv", "a,b\n5\" pipe,x\"\n#no comment,\"#\"\n\"\",\"\"\"\"\n\"\r\",\"\n\"\n\t,\"\"\n");
        assertThat(shown(read(file)))
                .containsExactly(
                        "2:{\"a\":\"5\\\" pipe\",\"b\":\"x\\\"\"}",
                        "3:{\"a\":\"#no comment\",\"b\":\"#\"}",
                        "4:{\"a\":\"\",\"b\":\"\\\"\"}",
                        "5:{\"a\":\"\\r\",\"b\":\"\\n\"}",
                        "8:{\"a\":\"\\t\",\"b\":\"\"}");
        assertThat(shown(read(file("one.csv", "a\n\"\"\n\nx\n"))))
                .as("quotes make an empty field of what would be an empty line")
                .containsExactly("2:{\"a\":\"\"}", "4:{\"a\":\"x\"}");
    }

    @Test
    void csvHasAsManyFieldsAsItsHeaderUpToABound() throws IOException {
        String names = IntStream.range(0, 20_000).mapToObj(i -> "c" + i).collect(Collectors.joining(","));
        assertThat(read(file("wide.csv", names + "\n" + ",".repeat(19_999) + "\n")))
                .singleElement()
                .isInstanceOf(Entry.Row.class);
        assertThat(shown(read(file("a.csv", "a,b\n" + ",".repeat(1 << 20) + "\n1,2"))))
                .containsExactly("2!has more than 1048576 fields", "3:{\"a\":\"1\",\"b\":\"2\"}");
    }

    @Test
    void csvSaysWhatIsWrongAndGoesOn() throws IOException {
        Path file = file("a.csv", "a,b\n1\n1,2,3\n\"x\"y,2\n5,6\n\"open,7\n8,9\n");
        assertThat(shown(read(file)))
                .containsExactly(
                        "2!has 1 fields, while the header has 2",
                        "3!has 3 fields, while the header has 2",
                        "4!has text after a closing quote; a quote inside a field is written twice",
                        "5:{\"a\":\"5\",\"b\":\"6\"}",
                        "6!opens a quote on line 6 that is never closed");
        Path twice = file("b.csv", "a,a\n1,2\n");
        assertThatThrownBy(() -> read(twice)).isInstanceOf(BadInput.class).hasMessageContaining("names a column twice");
    }

    @Test
    void aRowMayBeTenMegabytesButNotAnyLength() throws IOException {
        String tenMegabytes = "x".repeat(10_000_000);
        Path jsonl = file("a.jsonl", "{\"a\":\"" + tenMegabytes + "\"}\n{\"a\":2}\n");
        Path array = file("a.json", "[{\"a\":\"" + tenMegabytes + "\"}]");
        Path csv = file("a.csv", "a\n" + tenMegabytes + "\nb\n");
        for (Path file : List.of(jsonl, array, csv)) {
            Entry first = read(file).getFirst();
            assertThat(first).isInstanceOfSatisfying(Entry.Row.class, row -> assertThat(
                            row.columns().get("a").textValue())
                    .isEqualTo(tenMegabytes));
        }
        assertThat(shown(read(1 << 20, jsonl)))
                .containsExactly("1!is longer than the 1048576 bytes that a row may have", "2:{\"a\":2}");
        assertThat(shown(read(1 << 20, csv)))
                .containsExactly("2!is longer than the 1048576 bytes that a row may have", "3:{\"a\":\"b\"}");
        assertThatThrownBy(() -> read(1 << 20, array))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("1048576 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl", "a.json", "a.csv"})
    void anEmptyFileHasNoRows(String name) throws IOException {
        assertThat(read(file(name, ""))).isEmpty();
        assertThat(read(file(name, "\ufeff\r\n\n"))).isEmpty();
    }

    @Test
    void unknownKindsAreNamed() throws IOException {
        for (Path file : List.of(
                file("a.txt", "hello"), file("b.parquet", "hello"), file("c.jsonl", new byte[] {'P', 'K', 3, 4}))) {
            assertThatThrownBy(() -> read(file)).isInstanceOf(BadInput.class).hasMessageStartingWith(file + ": is ");
        }
        Path missing = folder.resolve("missing.jsonl");
        assertThatThrownBy(() -> read(missing)).isInstanceOf(BadInput.class).hasMessage(missing + ": no such file");
        assertThatThrownBy(() -> RowReader.open(folder, 1))
                .isInstanceOf(BadInput.class)
                .hasMessage(folder + ": is a folder, expected a file");
        assertThatThrownBy(() -> read()).isInstanceOf(BadInput.class);
    }

    @Test
    void severalFilesFollowEachOther() throws IOException {
        Path one = file("1.jsonl", "{\"a\":1}\n\n{\"a\":2}");
        Path two = file("2.csv", "a\n3");
        Path none = file("3.jsonl", "");
        Path three = file("4.json", "[{\"a\":4}]");
        assertThat(read(one, two, none, three).stream()
                        .map(entry -> entry.origin().toString()))
                .containsExactly(one + ", line 1", one + ", line 3", two + ", line 2", three + ", line 1");
    }

    /** 64 MB in rows of 64 KB; the heap of the tests could hold them, so what is kept is measured, not only survived. */
    @ParameterizedTest
    @ValueSource(strings = {"big.jsonl", "big.json", "big.csv"})
    void memoryDoesNotGrowWithTheFile(String name) throws IOException {
        boolean csv = name.endsWith("csv");
        boolean array = name.endsWith("json");
        String text = "y".repeat(1 << 16);
        int rows = 1024;
        Path file = folder.resolve(name);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
            out.write((csv ? "a\n" : array ? "[" : "").getBytes(StandardCharsets.UTF_8));
            byte[] row = (csv ? text + "\n" : "{\"a\":\"" + text + "\"}" + (array ? ",\n" : "\n"))
                    .getBytes(StandardCharsets.UTF_8);
            for (int i = 1; i < rows; i++) {
                out.write(row);
            }
            out.write((csv ? "end" : "{\"a\":\"end\"}" + (array ? "]" : "")).getBytes(StandardCharsets.UTF_8));
        }
        int seen = 0;
        long most = 0;
        long before = retained();
        try (RowReader reader = RowReader.open(file, RowReader.DEFAULT_MAX_ROW_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                assertThat(entry).isInstanceOf(Entry.Row.class);
                if (++seen % 256 == 0) {
                    most = Math.max(most, retained() - before);
                }
            }
        }
        assertThat(seen).isEqualTo(rows);
        assertThat(most).as("bytes kept while reading %d", Files.size(file)).isLessThan(8 << 20);
    }

    private static long retained() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
