package candor.train.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The few things that a checkpoint asks of a file system; tests put one underneath that fails. */
interface Disk {
    /** Creates a file; closing the stream puts its bytes on the disk. */
    OutputStream create(Path file) throws IOException;

    /** Puts a folder's names on the disk. */
    void force(Path folder) throws IOException;

    /** Gives a folder another name, at once. */
    void rename(Path from, Path to) throws IOException;

    /** Removes a folder and what is in it. */
    void delete(Path folder) throws IOException;

    /** The real one. */
    Disk REAL = new Disk() {
        @Override
        public OutputStream create(Path file) throws IOException {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            OutputStream out = Channels.newOutputStream(channel);
            return new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    out.write(b);
                }

                @Override
                public void write(byte[] bytes, int from, int length) throws IOException {
                    out.write(bytes, from, length);
                }

                @Override
                public void close() throws IOException {
                    try (channel) {
                        channel.force(true);
                    }
                }
            };
        }

        @Override
        public void force(Path folder) throws IOException {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        }

        @Override
        public void delete(Path folder) throws IOException {
            List<Path> deepestFirst;
            try (Stream<Path> walk = Files.walk(folder)) {
                deepestFirst = walk.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path path : deepestFirst) {
                Files.delete(path);
            }
        }
    };
}
