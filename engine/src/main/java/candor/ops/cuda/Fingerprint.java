package candor.ops.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What the calls of a section are recognised by while they come: a running hash of their bytes, and that of the first of them. */
final class Fingerprint {
    /** Calls by which a section is recognised that has come before: the shapes and addresses of its batch are among them. */
    static final int BEGINNING = 8;

    private long hash;
    private long beginning;
    /** Calls that have left the buffer. */
    private int passed;
    /** Bytes of the buffer that are in the hash. */
    private long looked;

    /** Takes in what has come to the buffer. */
    void look(CallBuffer calls) {
        MemorySegment bytes = calls.bytes();
        for (; looked < bytes.byteSize(); looked += Long.BYTES) {
            hash = (hash ^ bytes.get(ValueLayout.JAVA_LONG, looked)) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 32;
        }
        if (passed + calls.calls() == BEGINNING) {
            beginning = hash;
        }
    }

    /** The same, of calls that leave the buffer now. */
    void pass(CallBuffer calls) {
        look(calls);
        passed += calls.calls();
        looked = 0;
    }

    /** Begins anew. */
    void clear() {
        hash = 0;
        beginning = 0;
        passed = 0;
        looked = 0;
    }

    /** Of all so far: wide enough to stand for the bytes where a mistake costs a capture and nothing else. */
    long hash() {
        return hash;
    }

    /** Of the first calls; 0 where no look fell behind the last of them. */
    long beginning() {
        return beginning;
    }
}
