package candor.hub;

import candor.BadInput;
import candor.io.InputFile;
import candor.io.IoReason;
import candor.io.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file on its way to the Hub.
 *
 * @param path in the repository
 * @param source where its bytes are; null where they are here
 * @param bytes the whole of it, where it was changed for the Hub; else null
 * @param size in bytes
 */
public record UploadFile(String path, Path source, byte[] bytes, long size) {
    private static final int SAMPLE = 512;
    private static final int CHUNK = 1 << 18;

    static UploadFile of(String path, Path source) {
        try {
            return new UploadFile(path, source, null, Files.size(source));
        } catch (IOException e) {
            throw InputFile.unreadable(source, e);
        }
    }

    static UploadFile of(String path, byte[] bytes) {
        return new UploadFile(path, null, bytes, bytes.length);
    }

    /** Its bytes from one on. */
    InputStream open(long from) {
        if (bytes != null) {
            return new ByteArrayInputStream(bytes, (int) from, (int) (size - from));
        }
        FileChannel channel = InputFile.open(source);
        try {
            channel.position(from);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Channels.newInputStream(channel);
    }

    /** The first bytes, by which the Hub tells text from the rest. */
    byte[] sample() {
        try (InputStream in = open(0)) {
            return in.readNBytes(SAMPLE);
        } catch (IOException e) {
            throw changed(e);
        }
    }

    byte[] all() {
        try (InputStream in = open(0)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw changed(e);
        }
    }

    String sha256() {
        Sha256 sum = new Sha256();
        byte[] chunk = new byte[CHUNK];
        try (InputStream in = open(0)) {
            for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
                sum.add(chunk, 0, length);
            }
        } catch (IOException e) {
            throw changed(e);
        }
        return sum.hex();
    }

    private BadInput changed(IOException e) {
        return new BadInput(
                (source == null ? path : source.toString()) + ": cannot be read (" + IoReason.of(e) + ")", e);
    }
}
