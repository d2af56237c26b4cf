package candor.model;

import candor.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** What tests of files need: golden folders, copies of them to spoil, and safetensors files made by hand. */
public final class CheckpointFiles {
    private CheckpointFiles() {}

    /** A golden file or folder. */
    public static Path golden(String name) {
        return Path.of(System.getProperty("candor.goldens")).resolve(name);
    }

    /** Copies the files of a golden folder into a new folder. */
    public static Path copy(String name, Path to) {
        try (Stream<Path> files = Files.list(golden(name))) {
            Files.createDirectories(to);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes the text of a file; fails where that changes nothing. */
    public static void edit(Path file, UnaryOperator<String> change) {
        try {
            String before = Files.readString(file);
            String after = change.apply(before);
            if (after.equals(before)) {
                throw new AssertionError(file + " did not change");
            }
            Files.writeString(file, after);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The bytes of a safetensors file with this header, and so many bytes of data: 0, 1, 2, … */
    public static byte[] safetensors(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes =
                ByteBuffer.allocate(Long.BYTES + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        for (int i = 0; i < dataBytes; i++) {
            bytes.put((byte) i);
        }
        return bytes.array();
    }

    /** The tensors of a file, in memory that an arena holds, so that they can be changed and written again. */
    public static Map<String, Tensor> read(Path file, Arena arena) {
        Map<String, Tensor> tensors = new TreeMap<>();
        try (Arena mapping = Arena.ofConfined()) {
            Safetensors mapped = Safetensors.open(file, mapping);
            for (String name : mapped.names()) {
                Tensor from = mapped.tensor(name);
                Tensor to = Tensor.allocate(arena, from.dtype(), from.rows(), from.cols());
                to.data().asSlice(0, from.bytes()).copyFrom(from.data());
                tensors.put(name, to);
            }
        }
        return tensors;
    }

    /** Writes tensors; those of one row become vectors. */
    public static void write(Path file, Map<String, Tensor> tensors) {
        List<SafetensorsWriter.Spec> specs = tensors.entrySet().stream()
                .map(entry -> new SafetensorsWriter.Spec(
                        entry.getKey(),
                        entry.getValue().dtype(),
                        entry.getValue().rows(),
                        entry.getValue().cols(),
                        entry.getValue().rows() == 1))
                .toList();
        try (SafetensorsWriter writer = new SafetensorsWriter(file, specs)) {
            writer.order().forEach(spec -> writer.write(tensors.get(spec.name())));
            writer.commit();
        }
    }
}
