package candor.study;

import candor.BadInput;
import candor.evaluate.ask.Stopped;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.io.Locks;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A group's place in a study's folder, which one process has at a time: who comes second waits, and then finds done what the
 * first did. The operating system takes the place back when a process ends, however it ends.
 */
final class GroupPlace implements AutoCloseable {
    private static final long LOOK_MILLIS = 500;

    private final Path done;
    private final FileChannel channel;

    private GroupPlace(Path done, FileChannel channel) {
        this.done = done;
        this.channel = channel;
    }

    private static Path file(Path output, TrainGroup group, String kind) {
        return output.resolve("groups").resolve("group-" + group.number() + "." + kind);
    }

    /**
     * Takes a group's place, once it is free.
     *
     * @throws Stopped when asked to stop while it waits
     */
    static GroupPlace take(Workplace place, TrainGroup group) {
        Path output = place.config().output();
        Path lock = file(output, group, "lock");
        try {
            Files.createDirectories(lock.getParent());
            FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                for (boolean told = false; !Locks.take(channel); told = true) {
                    if (!told) {
                        place.progress().stage("waiting for another process that does group " + group.number());
                    }
                    place.requireGoingOn();
                    Thread.sleep(LOOK_MILLIS);
                }
                return new GroupPlace(file(output, group, "done"), channel);
            } catch (RuntimeException | IOException | InterruptedException e) {
                channel.close();
                throw e;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stopped();
        } catch (IOException e) {
            throw new BadInput(lock + ": cannot be locked (" + IoReason.of(e) + "); choose another --output", e);
        }
    }

    /** Whether a group was finished under these settings, by anyone. */
    static boolean isDone(Path output, TrainGroup group, String settings) {
        Path done = file(output, group, "done");
        try {
            return Files.isRegularFile(done) && Files.readString(done).equals(settings);
        } catch (IOException e) {
            return false; // then it is looked through again, which costs time alone
        }
    }

    /** Notes that the group is finished. */
    void finish(String settings) {
        AtomicFile.write(done, settings.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new BadInput(done + ": its lock cannot be given back: " + IoReason.of(e), e);
        }
    }
}
