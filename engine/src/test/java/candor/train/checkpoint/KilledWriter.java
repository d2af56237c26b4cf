package candor.train.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;

/** A process that writes a checkpoint and is gone, without a word, in the middle of it. */
final class KilledWriter {
    /** What a shell calls a process that a SIGKILL ended. */
    static final int KILLED = 137;

    private KilledWriter() {}

    public static void main(String[] args) {
        Path folder = Path.of(args[0]);
        int calls = Integer.parseInt(args[1]);
        new CheckpointStore(folder, 1, new Mortal(calls)).save(5, CheckpointStoreTest.files(5));
    }

    /** Ends the process at the n-th call; a write still gets half of its bytes out. */
    private static final class Mortal implements Disk {
        private int calls;

        Mortal(int calls) {
            this.calls = calls;
        }

        private boolean last() {
            return --calls == 0;
        }

        private void live() {
            if (last()) {
                Runtime.getRuntime().halt(KILLED);
            }
        }

        @Override
        public OutputStream create(Path file) throws IOException {
            live();
            OutputStream out = REAL.create(file);
            return new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    write(new byte[] {(byte) b}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int from, int length) throws IOException {
                    if (last()) {
                        out.write(bytes, from, length / 2);
                        Runtime.getRuntime().halt(KILLED);
                    }
                    out.write(bytes, from, length);
                }

                @Override
                public void close() throws IOException {
                    live();
                    out.close();
                }
            };
        }

        @Override
        public void force(Path folder) throws IOException {
            live();
            REAL.force(folder);
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            live();
            REAL.rename(from, to);
        }

        @Override
        public void delete(Path folder) throws IOException {
            live();
            REAL.delete(folder);
        }
    }
}
