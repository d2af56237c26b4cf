package candor.train;

import candor.BadInput;
import candor.data.EncodedRow;
import candor.io.IoReason;
import candor.io.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.zip.CRC32C;

/**
 * Log-probabilities of rows under the reference, computed once and kept beside the run.
 *
 * <p>A row's key is a hash of the reference's identity (base, adapter, tokenizer, template, backend) and of the row's
 * tokens and targets. The file is a list of records, each with a checksum: one that a killed process left half-written, or
 * that was damaged, is computed again.
 */
public final class ReferenceCache implements References, AutoCloseable {
    /** Key, value, checksum. */
    private static final int RECORD = 16 + 8 + 4;

    private record Key(long high, long low) {}

    private final byte[] identity;
    private final Path file;
    private final FileChannel channel;
    private final Map<Key, Double> values = new HashMap<>();

    private ReferenceCache() {
        identity = new byte[0];
        file = null;
        channel = null;
    }

    /** Without a file: for as long as it is kept. */
    public static ReferenceCache inMemory() {
        return new ReferenceCache();
    }

    /**
     * Of a file that this process writes.
     *
     * @param identity of the reference; a value that was stored under another one is never found
     */
    ReferenceCache(Path file, byte[] identity) {
        this(file, identity, true);
    }

    /** @param writes whether new values go into the file; where not, another process does that */
    ReferenceCache(Path file, byte[] identity, boolean writes) {
        this.identity = identity.clone();
        this.file = file;
        if (!writes) {
            channel = null;
            readOnly();
            return;
        }
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            long whole = read(channel);
            channel.truncate(whole);
            channel.position(whole);
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    private void readOnly() {
        if (!Files.exists(file)) {
            return;
        }
        try (FileChannel from = FileChannel.open(file, StandardOpenOption.READ)) {
            read(from);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    /** Takes in the records of a file; how many bytes of whole ones it has. */
    private long read(FileChannel from) throws IOException {
        long whole = from.size() / RECORD * RECORD;
        ByteBuffer buffer = record();
        for (long at = 0; at < whole; at += RECORD) {
            buffer.clear();
            while (buffer.hasRemaining() && from.read(buffer, at + buffer.position()) >= 0) {
                // Until the record is there.
            }
            if (!buffer.hasRemaining() && crc(buffer.array()) == buffer.getInt(RECORD - 4)) {
                values.put(new Key(buffer.getLong(0), buffer.getLong(8)), buffer.getDouble(16));
            }
        }
        return whole;
    }

    private static ByteBuffer record() {
        return ByteBuffer.allocate(RECORD).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int crc(byte[] record) {
        CRC32C crc = new CRC32C();
        crc.update(record, 0, RECORD - 4);
        return (int) crc.getValue();
    }

    @Override
    public OptionalDouble get(EncodedRow row) {
        Double value = values.get(key(row));
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    @Override
    public void put(EncodedRow row, double value) {
        Key key = key(row);
        if (!Double.isFinite(value) || values.putIfAbsent(key, value) != null || channel == null) {
            return;
        }
        ByteBuffer record = record();
        record.putLong(key.high).putLong(key.low).putDouble(value);
        record.putInt(crc(record.array())).flip();
        try {
            while (record.hasRemaining()) {
                channel.write(record);
            }
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    private Key key(EncodedRow row) {
        ByteBuffer tokens = ByteBuffer.allocate(row.length() * 5).order(ByteOrder.LITTLE_ENDIAN);
        for (int t = 0; t < row.length(); t++) {
            tokens.putInt(row.ids()[t]).put((byte) (row.target()[t] ? 1 : 0));
        }
        ByteBuffer hash =
                ByteBuffer.wrap(new Sha256().add(identity).add(tokens.array()).sum());
        return new Key(hash.getLong(), hash.getLong());
    }

    /** How many rows are known. */
    int size() {
        return values.size();
    }

    private BadInput cannotWrite(IOException e) {
        return new BadInput(
                file + ": cannot be written (" + IoReason.of(e) + ")",
                "make room or choose another {output}, then continue with {resume}",
                e);
    }

    @Override
    public void close() {
        if (channel == null) {
            return;
        }
        try {
            channel.close();
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }
}
