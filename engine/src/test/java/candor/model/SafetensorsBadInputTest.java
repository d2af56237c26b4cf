package candor.model;

import static candor.model.CheckpointFiles.golden;
import static candor.model.CheckpointFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candor.BadInput;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsBadInputTest {
    private static final String AGAIN = "; download the file again";

    @TempDir
    Path folder;

    /** A header, the bytes of data behind it, and what is said about it after the file's name. */
    static Stream<Arguments> headers() {
        String a = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
        return Stream.of(
                bad("", 0, "the header does not begin with a JSON object" + AGAIN),
                bad(" {}", 0, "the header does not begin with a JSON object" + AGAIN),
                bad("[]", 0, "the header does not begin with a JSON object" + AGAIN),
                bad("{} {}", 0, "something follows the JSON object of the header" + AGAIN),
                bad(a, 8, "is not valid JSON: Unexpected end-of-input"),
                bad(a + ",}", 8, "is not valid JSON: Unexpected character ('}' (code 125))"),
                bad(a + "," + a.substring(1) + "}", 8, "is not valid JSON: Duplicate field 'a'"),
                bad("{\"a\":1}", 0, "tensor a is not described by an object" + AGAIN),
                bad(
                        one("F32", "[2]", "[0,8]").replace("\"shape\"", "\"Shape\""),
                        8,
                        "tensor a has an unknown key Shape"),
                bad(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}",
                        8,
                        "tensor a lacks dtype, shape or the two data_offsets"),
                bad(one("F32", "[2]", "[8]"), 8, "tensor a lacks dtype, shape or the two data_offsets"),
                bad(one("F32", "[2]", "[0,4,8]"), 8, "tensor a: data_offsets has more than 2 numbers"),
                bad(one("F32", "2", "[0,8]"), 8, "tensor a: shape is not a list"),
                bad(one("F32", "[2.0]", "[0,8]"), 8, "tensor a: shape holds 2.0, expected whole numbers of at least 0"),
                bad(one("F32", "[\"2\"]", "[0,8]"), 8, "tensor a: shape holds 2, expected whole numbers of at least 0"),
                bad(one("F32", "[-2]", "[0,8]"), 8, "tensor a: shape holds -2, expected whole numbers of at least 0"),
                bad(one("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "tensor a: shape has more than 8 numbers"),
                bad(one("F32", "[2]", "[-8,0]"), 8, "tensor a: data_offsets holds -8, expected whole numbers"),
                bad(
                        one("F32", "[2]", "[0,9223372036854775808]"),
                        8,
                        "tensor a: data_offsets holds 9223372036854775808, expected whole numbers of at least 0"),
                bad(one("F31", "[2]", "[0,8]"), 8, "tensor a has the unknown dtype F31" + AGAIN),
                bad(one("F32", "[2]", "[8,0]"), 8, "tensor a ends at 0, before its start at 8" + AGAIN),
                bad(one("F32", "[3]", "[0,8]"), 8, "tensor a, F32 [3], has 8 bytes, expected 12" + AGAIN),
                bad(one("BF16", "[2,2]", "[0,9]"), 9, "tensor a, BF16 [2, 2], has 9 bytes, expected 8" + AGAIN),
                bad(one("F4", "[3]", "[0,1]"), 1, "tensor a, F4 [3], has 1 bytes, expected 2" + AGAIN),
                bad(
                        one("F32", "[4294967296,4294967296]", "[0,0]"),
                        0,
                        "tensor a of shape [4294967296, 4294967296] is larger than any file" + AGAIN),
                bad(
                        one("F32", "[2]", "[0,8]"),
                        7,
                        "tensor a ends at 8, beyond the 7 bytes of data: the file is truncated" + AGAIN),
                bad(one("F32", "[2]", "[0,8]"), 9, "1 bytes at the end belong to no tensor" + AGAIN),
                bad("{}", 3, "3 bytes at the end belong to no tensor" + AGAIN),
                bad(one("F32", "[2]", "[4,12]"), 12, "tensor a leaves a hole from 0 to 4" + AGAIN),
                bad(
                        a + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
                        12,
                        "tensor b at 4 overlaps another, which ends at 8" + AGAIN),
                bad("{\"__metadata__\":[]}", 0, "__metadata__ is not an object of texts" + AGAIN),
                bad("{\"__metadata__\":{\"x\":1}}", 0, "__metadata__ entry x is not a text" + AGAIN),
                bad(
                        one("F32", "[2]", "[0,8]").replace("\"a\"", "\"" + "a".repeat(513) + "\""),
                        8,
                        "a tensor's name has 513 characters, more than 512" + AGAIN));
    }

    private static String one(String dtype, String shape, String offsets) {
        return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
    }

    private static Arguments bad(String header, int dataBytes, String message) {
        return Arguments.of(header, dataBytes, message);
    }

    @ParameterizedTest
    @MethodSource("headers")
    void refusesABadHeader(String header, int dataBytes, String message) throws IOException {
        Path file = Files.write(folder.resolve("x.safetensors"), safetensors(header, dataBytes));
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(file + ": " + message)
                .hasMessageEndingWith(AGAIN);
    }

    @Test
    void refusesAHeaderThatIsNotUtf8() throws IOException {
        byte[] bytes = safetensors(one("F32", "[2]", "[0,8]"), 8);
        bytes[Long.BYTES + 2] = (byte) 0xff;
        Path file = Files.write(folder.resolve("x.safetensors"), bytes);
        assertRefused(file, "the header is not UTF-8 text; download the file again");
    }

    @Test
    void refusesFilesTooShortForAHeader() throws IOException {
        for (int length = 0; length < 8; length++) {
            Path file = Files.write(folder.resolve("x.safetensors"), new byte[length]);
            assertRefused(
                    file, "is " + length + " bytes long, too short for a safetensors file; download the file again");
        }
    }

    @Test
    void refusesAHeaderBeyondTheFile() throws IOException {
        Path file = Files.write(folder.resolve("x.safetensors"), withLength(100, 50));
        assertRefused(
                file,
                "claims a header of 100 bytes, but only 50 follow: the file is truncated or not in safetensors format;"
                        + " download the file again");
    }

    @ParameterizedTest
    @ValueSource(longs = {100_000_001, 1L << 40, Long.MAX_VALUE, -1})
    void refusesAHeaderLargerThanTheFormatAllows(long length) throws IOException {
        Path file = Files.write(folder.resolve("x.safetensors"), withLength(length, 50));
        assertRefused(
                file,
                "claims a header of " + Long.toUnsignedString(length)
                        + " bytes, more than the 100000000 that the format allows; check that it is a safetensors file");
    }

    /** A sparse file, so that the hundred megabytes are really there to be read. */
    @Test
    void readsNoFurtherThanTheFirstFaultOfAHugeHeader() throws IOException {
        Path file = Files.write(folder.resolve("x.safetensors"), withLength(100_000_000, 1));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(100_000_008);
        }
        assertThatThrownBy(() -> open(file)).isInstanceOf(BadInput.class).hasMessageContaining("is not valid JSON");
    }

    @Test
    void boundsTheNumberOfTensors() throws IOException {
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i <= 20_000; i++) {
            header.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(i)
                    .append("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}");
        }
        Path file = Files.write(
                folder.resolve("x.safetensors"), safetensors(header.append('}').toString(), 0));
        assertRefused(file, "has more than 20000 tensors; download the file again");
    }

    private static byte[] withLength(long length, int following) {
        byte[] bytes = new byte[Long.BYTES + following];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
        return bytes;
    }

    /** Wherever a sound file is cut, it is refused. */
    @Test
    void refusesEveryTruncation() throws IOException {
        byte[] whole = Files.readAllBytes(golden("qwen3/adapter/adapter_model.safetensors"));
        Path file = folder.resolve("x.safetensors");
        for (int length = 0; length < whole.length; length += length < 1100 ? 1 : 97) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> open(file)).isInstanceOf(BadInput.class).hasMessageStartingWith(file + ": ");
        }
    }

    @Test
    void refusesWhatIsNoFile() throws IOException {
        Path missing = folder.resolve("missing.safetensors");
        assertRefused(missing, "no such file; check the path, or download the file");
        assertRefused(folder, "is a folder, expected a file; give the file itself");
    }

    /** To open a pipe would hang. */
    @Test
    void refusesAPipe() throws Exception {
        Path pipe = folder.resolve("pipe");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/mkfifo")), "no mkfifo");
        assertThat(new ProcessBuilder("/usr/bin/mkfifo", pipe.toString())
                        .start()
                        .waitFor())
                .isZero();
        assertRefused(pipe, "is not a regular file; give a file on a disk");
    }

    @Test
    void refusesAFileWithoutPermission() throws IOException {
        Path file = Files.write(folder.resolve("x.safetensors"), safetensors("{}", 0));
        assumeTrue(Files.getFileStore(file).supportsFileAttributeView("posix"), "no POSIX permissions");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assumeTrue(!Files.isReadable(file), "the superuser may read everything");
        assertRefused(file, "may not be read; change its permissions");
    }

    @Test
    void refusesTensorsThatItCannotUse() throws IOException {
        Path file = golden("llama3/forward.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            Safetensors opened = Safetensors.open(file, arena);
            assertThatThrownBy(() -> opened.tensor("input_ids"))
                    .isInstanceOf(BadInput.class)
                    .hasMessage(file + ": tensor input_ids is I64, expected F32, BF16 or F16; take the model in one of"
                            + " these");
            assertThatThrownBy(() -> opened.tensor("base.logits"))
                    .isInstanceOf(BadInput.class)
                    .hasMessage(file + ": tensor base.logits has the shape [3, 41, 512], expected a vector or a matrix;"
                            + " check that it is the right file");
            assertThatThrownBy(() -> opened.tensor("base.loss"))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining("has the shape [], expected a vector or a matrix");
            assertThatThrownBy(() -> opened.tensor("none"))
                    .isInstanceOf(BadInput.class)
                    .hasMessage(file + ": has no tensor none; check that it is the right file");
        }
    }

    /** Names come from the file: a message stays one line. */
    @Test
    void keepsMessagesOnOneLine() throws IOException {
        String header = one("F32", "[3]", "[0,8]").replace("\"a\"", "\"a\\n\\u001b[31mb\"");
        Path file = Files.write(folder.resolve("x.safetensors"), safetensors(header, 8));
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(file + ": tensor a \\u001b[31mb, F32 [3], has 8 bytes");
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> open(file)).isInstanceOf(BadInput.class).hasMessage(file + ": " + message);
    }

    private static void open(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            Safetensors.open(file, arena);
        }
    }
}
