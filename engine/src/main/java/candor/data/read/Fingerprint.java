package candor.data.read;

import candor.BadInput;
import candor.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What a data file held when it was read, for the record of a run; a run that is resumed compares.
 *
 * @param file the path as it was given
 * @param bytes the file's size
 * @param sha256 SHA-256 of its content, in lower-case hexadecimal
 */
public record Fingerprint(String file, long bytes, String sha256) {
    public static Fingerprint of(Path file) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        long bytes = 0;
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
                bytes += n;
            }
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
        return new Fingerprint(file.toString(), bytes, HexFormat.of().formatHex(digest.digest()));
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
