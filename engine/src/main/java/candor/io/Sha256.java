package candor.io;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The SHA-256 (FIPS 180-4) of all that was added, in its order; texts are added as UTF-8. Asked for its sum, it is as new. */
public final class Sha256 {
    private final MessageDigest digest;

    public Sha256() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** The sum of these bytes, in lower-case hexadecimal. */
    public static String hex(byte[] bytes) {
        return new Sha256().add(bytes).hex();
    }

    /** The sum of this text, in lower-case hexadecimal. */
    public static String hex(String text) {
        return new Sha256().add(text).hex();
    }

    public Sha256 add(byte[] bytes) {
        return add(bytes, 0, bytes.length);
    }

    public Sha256 add(byte[] bytes, int from, int length) {
        digest.update(bytes, from, length);
        return this;
    }

    public Sha256 add(String text) {
        return add(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A stream to write to that adds whatever passes. */
    public OutputStream passing(OutputStream to) {
        return new DigestOutputStream(to, digest);
    }

    /** The sum, 32 bytes. */
    public byte[] sum() {
        return digest.digest();
    }

    /** The sum in lower-case hexadecimal, 64 digits. */
    public String hex() {
        return HexFormat.of().formatHex(sum());
    }

    /** The first 64 bits of the sum: a seed, or a key that meets no other by chance. */
    public long leading() {
        return ByteBuffer.wrap(sum()).getLong();
    }
}
