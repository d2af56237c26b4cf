package candor.data.read;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a data file held when it was read, for the record of a run; a run that is resumed compares. Of a folder, what its
 * data files are called and hold ({@link DataFiles}).
 *
 * @param file the path as it was given
 * @param bytes the file's size; of a folder, of all its data files
 * @param sha256 SHA-256 of its content, in lower-case hexadecimal; of a folder, of the names and sums of its data files
 */
public record Fingerprint(String file, long bytes, String sha256) {
    public static Fingerprint of(Path file) {
        return Files.isDirectory(file) ? ofFolder(file) : ofFile(file);
    }

    private static Fingerprint ofFolder(Path folder) {
        Sha256 sum = new Sha256();
        long bytes = 0;
        for (Path file : DataFiles.of(folder)) {
            Fingerprint one = ofFile(file);
            sum.add(file.getFileName() + " " + one.sha256 + "\n");
            bytes += one.bytes;
        }
        return new Fingerprint(folder.toString(), bytes, sum.hex());
    }

    private static Fingerprint ofFile(Path file) {
        Sha256 sum = new Sha256();
        long bytes = 0;
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                sum.add(buffer, 0, n);
                bytes += n;
            }
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
        return new Fingerprint(file.toString(), bytes, sum.hex());
    }

    /**
     * Compares with the file as it is now.
     *
     * @throws BadInput if the file has changed since
     */
    public void requireUnchanged() {
        Fingerprint now = of(Path.of(file));
        if (!now.sha256.equals(sha256)) {
            throw new BadInput(file + ": has changed since the run began (SHA-256 was " + sha256.substring(0, 12)
                    + "…, is " + now.sha256.substring(0, 12) + "…); put the old file back or start a new run");
        }
    }
}
