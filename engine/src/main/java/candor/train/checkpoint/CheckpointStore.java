package candor.train.checkpoint;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.Sha256;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a run: {@code step-N} folders, the last few of them.
 *
 * <p>A checkpoint is written into a hidden folder, put on the disk with its checksums, and only then gets its name: a
 * process killed at any moment leaves the old ones, and a leftover that the next write clears away. It goes the same way
 * out: renamed first, deleted then.
 */
public final class CheckpointStore {
    /** The folder's name within a run's. */
    public static final String FOLDER = "checkpoints";

    private static final Pattern NAME = Pattern.compile("step-(0|[1-9][0-9]{0,17})");
    private static final String WRITING = ".writing-";
    private static final String OLD = ".old-";

    /** What goes into a file of a checkpoint. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * A checkpoint whose every byte is as it was written.
     *
     * @param step   optimiser steps done
     * @param folder its files
     */
    public record Intact(long step, Path folder) {}

    private final Path folder;
    private final int keep;
    private final Disk disk;

    /**
     * @param folder the run's {@code checkpoints} folder; made when it is first needed
     * @param keep   how many checkpoints stay, at least one
     */
    public CheckpointStore(Path folder, int keep) {
        this(folder, keep, Disk.REAL);
    }

    CheckpointStore(Path folder, int keep, Disk disk) {
        if (keep < 1) {
            throw new IllegalArgumentException("keep " + keep);
        }
        this.folder = folder;
        this.keep = keep;
        this.disk = disk;
    }

    /** Steps that have a checkpoint, intact or not, in rising order. */
    public List<Long> steps() {
        List<Long> steps = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return steps;
        }
        try (Stream<Path> files = Files.list(folder)) {
            files.forEach(file -> {
                Matcher name = NAME.matcher(file.getFileName().toString());
                if (name.matches()) {
                    steps.add(Long.parseLong(name.group(1)));
                }
            });
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be read: " + IoReason.of(e), e);
        }
        steps.sort(null);
        return steps;
    }

    /**
     * The newest checkpoint, or nothing where there is none yet.
     *
     * @throws BadInput if it is damaged; an older one is never taken in silence, but named
     */
    public Optional<Intact> newest() {
        List<Long> steps = steps();
        return steps.isEmpty() ? Optional.empty() : Optional.of(at(steps.getLast()));
    }

    /** The checkpoint of a step, after all its files were read and compared with their checksums. */
    public Intact at(long step) {
        Path path = folder.resolve("step-" + step);
        if (!Files.isDirectory(path)) {
            throw new BadInput(path + ": there is no such checkpoint; there are " + steps());
        }
        String fault = Sums.fault(path);
        if (fault == null) {
            return new Intact(step, path);
        }
        Optional<Long> older = steps().reversed().stream()
                .filter(s -> s < step && Sums.fault(folder.resolve("step-" + s)) == null)
                .findFirst();
        throw new BadInput(
                fault,
                older.map(s -> "step-" + s + " is intact: continue from it with {resume} step-" + s)
                        .orElse("no older checkpoint is intact: start the run again in another folder"));
    }

    /** As {@link #save(long, Set, Map)}, where none is the best. */
    public void save(long step, Map<String, Content> files) {
        save(step, Set.of(), files);
    }

    /**
     * Writes a checkpoint, then lets go of those before the last few, and of later ones: they are of a run that was
     * resumed from before them.
     *
     * @param best  steps whose checkpoints stay beside this one whatever happens; they count among the last few
     * @param files what it holds, by name
     * @throws BadInput if the disk does not take it; the checkpoints that were there still are
     */
    public void save(long step, Set<Long> best, Map<String, Content> files) {
        Path writing = folder.resolve(WRITING + "step-" + step);
        try {
            Files.createDirectories(folder);
            clearLeftovers();
            Files.createDirectory(writing);
            write(writing, files);
            Path named = folder.resolve("step-" + step);
            if (Files.exists(named)) {
                disk.rename(named, folder.resolve(OLD + "step-" + step));
            }
            disk.rename(writing, named);
            disk.force(folder);
            letGo(step, best);
        } catch (IOException e) {
            BadInput failure = new BadInput(
                    folder + ": the checkpoint of step " + step + " cannot be written (" + IoReason.of(e) + ")",
                    "make room there or fix its permissions, then continue with {resume} from "
                            + (steps().isEmpty() ? "the start" : "step-" + steps().getLast()),
                    e);
            try {
                clearLeftovers();
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
    }

    private void write(Path writing, Map<String, Content> files) throws IOException {
        Sums sums = new Sums();
        for (Map.Entry<String, Content> file : files.entrySet()) {
            Sha256 sum = new Sha256();
            try (OutputStream out =
                    new BufferedOutputStream(sum.passing(disk.create(writing.resolve(file.getKey()))), 1 << 16)) {
                file.getValue().writeTo(out);
            }
            sums.put(file.getKey(), sum.hex());
        }
        try (OutputStream out = disk.create(writing.resolve(Sums.FILE))) {
            out.write(sums.bytes());
        }
        disk.force(writing);
    }

    private void letGo(long newest, Set<Long> best) throws IOException {
        List<Long> steps = steps();
        Set<Long> kept = new HashSet<>(best);
        kept.retainAll(steps);
        kept.add(newest);
        for (long step : steps.reversed()) {
            if (step <= newest && kept.size() < keep) {
                kept.add(step);
            }
        }
        for (long step : steps) {
            if (!kept.contains(step)) {
                Path old = folder.resolve(OLD + "step-" + step);
                disk.rename(folder.resolve("step-" + step), old);
                disk.delete(old);
            }
        }
    }

    private void clearLeftovers() throws IOException {
        List<Path> leftovers;
        try (Stream<Path> files = Files.list(folder)) {
            leftovers = files.filter(f -> f.getFileName().toString().startsWith(WRITING)
                            || f.getFileName().toString().startsWith(OLD))
                    .sorted()
                    .toList();
        }
        for (Path leftover : leftovers) {
            disk.delete(leftover);
        }
    }
}
