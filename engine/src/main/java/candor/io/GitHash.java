package candor.io;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The name that git gives a file's content: the SHA-1 (FIPS 180-4) of {@code blob LENGTH}, a zero byte, and the content (Pro Git,
 * "Git Objects"). Against chance and broken lines, not against forgers: SHA-1 is no longer proof against these.
 */
public final class GitHash {
    private final MessageDigest digest;

    /** @param length of the content, which is part of the name */
    public GitHash(long length) {
        try {
            digest = MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
        digest.update(("blob " + length + "\0").getBytes(StandardCharsets.US_ASCII));
    }

    public GitHash add(byte[] bytes, int from, int length) {
        digest.update(bytes, from, length);
        return this;
    }

    /** The name in lower-case hexadecimal, 40 digits. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
