package candor.export.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
    private static final List<GgufTensor> TENSORS = List.of(
            new GgufTensor("norm.weight", GgmlType.F32, 1, 5, true),
            new GgufTensor("a.weight", GgmlType.BF16, 3, 7, false),
            new GgufTensor("b.weight", GgmlType.Q8_0, 2, 64, false));

    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("f.gguf");
    }

    private static float value(int row, int col) {
        return row - col / 8f;
    }

    private static GgufWriter.Rows rows(int cols) {
        return row -> {
            float[] values = new float[cols];
            for (int c = 0; c < cols; c++) {
                values[c] = value(row, c);
            }
            return values;
        };
    }

    private static Map<String, GgufValue> metadata() {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", GgufValue.of("llama"));
        metadata.put("llama.block_count", GgufValue.of(3));
        metadata.put("llama.eps", GgufValue.of(1e-5f));
        metadata.put("tokenizer.ggml.add_bos_token", GgufValue.of(true));
        metadata.put("tokenizer.ggml.tokens", GgufValue.texts(List.of("", "ä▁😀", "c")));
        metadata.put("tokenizer.ggml.token_type", GgufValue.numbers(1, -2, Integer.MAX_VALUE));
        metadata.put("tokenizer.ggml.scores", GgufValue.numbers(-0.5f, 0f));
        metadata.put("pattern", GgufValue.flags(List.of(true, false)));
        metadata.put("none", GgufValue.texts(List.of()));
        return metadata;
    }

    private void write() {
        try (GgufWriter writer = new GgufWriter(file(), metadata(), TENSORS)) {
            TENSORS.forEach(tensor -> writer.write(rows(tensor.cols())));
            writer.commit();
        }
    }

    @Test
    void whatIsWrittenIsRead() {
        write();
        try (Arena arena = Arena.ofConfined()) {
            GgufFile read = GgufFile.open(file(), arena);
            assertThat(read.metadata()).isEqualTo(metadata());
            assertThat(List.copyOf(read.metadata().keySet()))
                    .isEqualTo(List.copyOf(metadata().keySet()));
            assertThat(List.copyOf(read.tensors().values())).isEqualTo(TENSORS);
            for (GgufTensor tensor : TENSORS) {
                for (int row = 0; row < tensor.rows(); row++) {
                    float[] values = read.row(tensor.name(), row);
                    assertThat(values).hasSize(tensor.cols());
                    for (int c = 0; c < values.length; c++) {
                        assertThat(values[c])
                                .isCloseTo(value(row, c), within(tensor.type() == GgmlType.Q8_0 ? 0.04f : 0f));
                    }
                }
            }
            assertThatThrownBy(() -> read.row("c.weight", 0))
                    .isInstanceOf(BadInput.class)
                    .hasMessage(file() + ": has no tensor c.weight; check that it is the right file");
            assertThatThrownBy(() -> read.row("a.weight", 3)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /** The whole of a small file, as the specification lays it out. */
    @Test
    void theBytesAreThoseOfTheSpecification() throws IOException {
        try (GgufWriter writer = new GgufWriter(
                file(),
                Map.of("k", GgufValue.of(7)),
                List.of(
                        new GgufTensor("v", GgmlType.F32, 1, 1, true),
                        new GgufTensor("m", GgmlType.F16, 2, 1, false)))) {
            writer.write(row -> new float[] {1});
            writer.write(row -> new float[] {row});
            writer.commit();
        }
        ByteBuffer expected = ByteBuffer.allocate(192).order(ByteOrder.LITTLE_ENDIAN);
        expected.put("GGUF".getBytes(StandardCharsets.US_ASCII))
                .putInt(3)
                .putLong(2)
                .putLong(1);
        expected.putLong(1).put((byte) 'k').putInt(4).putInt(7);
        expected.putLong(1).put((byte) 'v').putInt(1).putLong(1).putInt(0).putLong(0);
        expected.putLong(1)
                .put((byte) 'm')
                .putInt(2)
                .putLong(1)
                .putLong(2)
                .putInt(1)
                .putLong(32);
        expected.position(128).putFloat(1).position(160).putShort((short) 0).putShort((short) 0x3c00);
        assertThat(Files.readAllBytes(file())).isEqualTo(expected.array());
    }

    @Test
    void aFileAppearsWholeOrNotAtAll() {
        try (GgufWriter writer = new GgufWriter(file(), metadata(), TENSORS)) {
            writer.write(rows(5));
            assertThatThrownBy(writer::commit)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("2 tensors are not written yet, first a.weight");
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void threadsLeaveNoTrace() throws IOException {
        GgufTensor large = new GgufTensor("large", GgmlType.Q5_0, 3001, 1024, false);
        for (int turn = 0; turn < 2; turn++) {
            try (GgufWriter writer = new GgufWriter(folder.resolve(turn + ".gguf"), Map.of(), List.of(large))) {
                writer.write(rows(1024));
                writer.commit();
            }
        }
        assertThat(folder.resolve("0.gguf")).hasSameBinaryContentAs(folder.resolve("1.gguf"));
        try (Arena arena = Arena.ofConfined()) {
            float[] last = GgufFile.open(folder.resolve("0.gguf"), arena).row("large", 3000);
            byte[] bytes = new byte[(int) GgmlType.Q5_0.rowBytes(1024)];
            GgmlType.Q5_0.encode(rows(1024).row(3000), bytes, 0);
            assertThat(last).isEqualTo(GgmlType.Q5_0.decode(ByteBuffer.wrap(bytes), 1024));
        }
    }

    private void refused(byte[] bytes, String line) throws IOException {
        Files.write(file(), bytes);
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> GgufFile.open(file(), arena))
                    .isInstanceOf(BadInput.class)
                    .hasMessage(file() + ": " + line);
        }
    }

    /** A file's header, to be continued. */
    private static final class Header extends ByteArrayOutputStream {
        Header(int version, long tensors, long keys) {
            writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
            number(version, 4).number(tensors, 8).number(keys, 8);
        }

        Header number(long value, int bytes) {
            for (int i = 0; i < bytes; i++) {
                write((int) (value >>> 8 * i));
            }
            return this;
        }

        Header text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            number(utf8.length, 8).writeBytes(utf8);
            return this;
        }

        /** A tensor of two dimensions. */
        Header tensor(String name, long cols, long rows, int type, long offset) {
            return text(name)
                    .number(2, 4)
                    .number(cols, 8)
                    .number(rows, 8)
                    .number(type, 4)
                    .number(offset, 8);
        }

        byte[] bytes() {
            return toByteArray();
        }
    }

    @Test
    void whatIsBrokenIsNamedInOneLine() throws IOException {
        String again = "; download or export the file again";
        refused(new byte[0], "is not a GGUF file" + again);
        refused("GGUP1234".getBytes(StandardCharsets.US_ASCII), "is not a GGUF file" + again);
        refused(new Header(2, 0, 0).bytes(), "is GGUF of version 2, expected 3" + again);
        refused(new Header(3, 0, 1L << 60).bytes(), "claims 1152921504606846976 keys, more than it can hold" + again);
        refused(new Header(3, -1, 0).bytes(), "claims 18446744073709551615 tensors, more than it can hold" + again);
        refused(
                new Header(3, 0, 1)
                        .text("k")
                        .number(9, 4)
                        .number(8, 4)
                        .number(1 << 20, 8)
                        .bytes(),
                "claims 1048576 values in a list, more than it can hold" + again);
        refused(
                new Header(3, 0, 1)
                        .text("k")
                        .number(9, 4)
                        .number(9, 4)
                        .number(0, 8)
                        .bytes(),
                "has a list of lists in its metadata, which is not supported" + again);
        refused(
                new Header(3, 0, 1).text("k").number(13, 4).number(0, 8).bytes(),
                "has a value of the unknown type 13" + again);
        refused(
                new Header(3, 0, 1).text("k").number(7, 4).number(2, 1).bytes(),
                "has the truth value 2, expected 0 or 1" + again);
        refused(
                new Header(3, 0, 2)
                        .text("k")
                        .number(0, 4)
                        .number(1, 1)
                        .text("k")
                        .number(0, 4)
                        .number(1, 1)
                        .bytes(),
                "has the key k twice" + again);
        refused(
                new Header(3, 0, 1).text("k").number(8, 4).number(1L << 40, 8).bytes(),
                "a text has 1099511627776 bytes, more than 16777216" + again);
        refused(
                new Header(3, 0, 1)
                        .text("general.alignment")
                        .number(4, 4)
                        .number(48, 4)
                        .bytes(),
                "general.alignment is not a power of two from 8 to 1048576" + again);
        refused(
                new Header(3, 1, 0).tensor("t", 4, 1, 6, 0).number(0, 200).bytes(),
                "tensor t: rows of 4 are not whole blocks of q5_0" + again);
        refused(
                new Header(3, 1, 0).tensor("t", 4, 0, 0, 0).number(0, 200).bytes(),
                "tensor t has the shape [0, 4]" + again);
        refused(
                new Header(3, 1, 0)
                        .tensor("t", 1 << 30, 1 << 30, 0, 0)
                        .number(0, 200)
                        .bytes(),
                "tensor t, [1073741824, 1073741824] in f32, is larger than the file" + again);
        refused(
                new Header(3, 1, 0)
                        .tensor("t", Integer.MAX_VALUE, Integer.MAX_VALUE, 0, 0)
                        .number(0, 200)
                        .bytes(),
                "tensor t, [2147483647, 2147483647] in f32, is larger than the file" + again);
        refused(
                new Header(3, 1, 0).tensor("t", 60, 1, 0, 0).number(0, 200).bytes(),
                "is cut off: tensor t ends at 336, the file at 265" + again);
        refused(
                new Header(3, 1, 0).tensor("t", 4, 1, 0, 64).number(0, 200).bytes(),
                "tensor t begins at 64, expected 0" + again);
        refused(
                new Header(3, 2, 0)
                        .tensor("t", 4, 1, 0, 0)
                        .tensor("t", 4, 1, 0, 32)
                        .number(0, 200)
                        .bytes(),
                "has the tensor t twice" + again);
        refused(
                new Header(3, 1, 0).tensor("t\u0007", 4, 1, 0, 0).number(0, 200).bytes(),
                "a tensor's name is t\\u0007, expected ASCII without blanks" + again);
        refused(
                new Header(3, 1, 0).tensor("t", 4, 1, 14, 0).number(0, 200).bytes(),
                "tensor t has the type 14, expected one of [f32, f16, q5_0, q8_0, q4_k, bf16]; take another file");
    }

    @Test
    void aFileThatIsCutOffAnywhereIsRefused() throws IOException {
        write();
        byte[] whole = Files.readAllBytes(file());
        int padding = 160 - 136; // behind the last tensor's bytes
        for (int length = 0; length < whole.length - padding; length++) {
            Files.write(file(), Arrays.copyOf(whole, length));
            try (Arena arena = Arena.ofConfined()) {
                assertThatThrownBy(() -> GgufFile.open(file(), arena))
                        .as("%d bytes", length)
                        .isInstanceOf(BadInput.class);
            }
        }
    }

    @Test
    void whateverIsChangedIsReadOrRefused() throws IOException {
        write();
        byte[] whole = Files.readAllBytes(file());
        Random random = new Random(3);
        int refused = 0;
        for (int turn = 0; turn < 2000; turn++) {
            byte[] changed = whole.clone();
            for (int i = 0; i <= turn % 3; i++) {
                changed[random.nextInt(500)] = (byte) random.nextInt(256);
            }
            Files.write(file(), changed);
            try (Arena arena = Arena.ofConfined()) {
                GgufFile read = GgufFile.open(file(), arena);
                read.tensors().values().forEach(tensor -> read.row(tensor.name(), tensor.rows() - 1));
            } catch (BadInput e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(500);
    }
}
