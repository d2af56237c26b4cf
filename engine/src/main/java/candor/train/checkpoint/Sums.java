package candor.train.checkpoint;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The SHA-256 of each file of a checkpoint, in a file that {@code sha256sum -c} reads too. */
final class Sums {
    static final String FILE = "SHA256SUMS";
    private static final Pattern LINE = Pattern.compile("([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]*)");

    private final SortedMap<String, String> hashes = new TreeMap<>();

    void put(String name, String sha256) {
        hashes.put(name, sha256);
    }

    byte[] bytes() {
        return hashes.entrySet().stream()
                .map(e -> e.getValue() + "  " + e.getKey() + "\n")
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** What is wrong with a checkpoint's folder, in words that name a file; null where every byte is as it was written. */
    static String fault(Path folder) {
        try {
            Path list = folder.resolve(FILE);
            if (!Files.isRegularFile(list)) {
                return list + " is missing";
            }
            Sums sums = new Sums();
            String text = Files.readString(list, StandardCharsets.ISO_8859_1);
            for (String line : text.split("\n", -1)) {
                Matcher matcher = LINE.matcher(line);
                if (matcher.matches()) {
                    sums.hashes.put(matcher.group(2), matcher.group(1));
                }
            }
            if (!text.equals(new String(sums.bytes(), StandardCharsets.US_ASCII))) {
                return list + " is damaged";
            }
            TreeSet<String> found = new TreeSet<>();
            try (Stream<Path> files = Files.list(folder)) {
                files.forEach(f -> found.add(f.getFileName().toString()));
            }
            found.remove(FILE);
            for (Map.Entry<String, String> entry : sums.hashes.entrySet()) {
                Path file = folder.resolve(entry.getKey());
                if (!found.remove(entry.getKey())) {
                    return file + " is missing";
                }
                if (!hash(file).equals(entry.getValue())) {
                    return file + " is damaged (its checksum differs)";
                }
            }
            return found.isEmpty() ? null : folder.resolve(found.first()) + " does not belong there";
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    private static String hash(Path file) throws IOException {
        Sha256 sum = new Sha256();
        try (InputStream in = Files.newInputStream(file);
                OutputStream out = sum.passing(OutputStream.nullOutputStream())) {
            in.transferTo(out);
        }
        return sum.hex();
    }
}
