package candor.data.read;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** What comes out of a compressed file, up to a bound: a few kilobytes can be made to unpack without end. */
final class UnpackedInput extends FilterInputStream {
    private final long most;
    private long count;

    UnpackedInput(InputStream in, long most) {
        super(in);
        this.most = most;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int n;
        try {
            n = in.read(target, offset, length);
        } catch (EOFException e) {
            throw new IOException("the compressed file ends too early; is it whole?", e);
        } catch (IOException e) {
            throw new IOException("it is damaged and cannot be unpacked (" + e.getMessage() + ")", e);
        }
        count += Math.max(0, n);
        if (count > most) {
            throw new IOException("it unpacks to more than " + most + " bytes, which no text does; is it a data file?");
        }
        return n;
    }

    @Override
    public long skip(long n) {
        throw new UnsupportedOperationException("nothing is read that is not counted");
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
