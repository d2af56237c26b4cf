package candor.merge;

import candor.BadInput;
import candor.io.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder that appears whole or not at all: it is made beside its place and moved there. */
final class OutputFolder implements AutoCloseable {
    private final Path target;
    private final Path partial;
    private final Path old;
    private boolean committed;

    private OutputFolder(Path target, Path partial, Path old) {
        this.target = target;
        this.partial = partial;
        this.old = old;
    }

    /**
     * Looks whether the place is free. Nothing is made yet.
     *
     * @param force whether a checkpoint that is there may be replaced; nothing else is
     */
    static OutputFolder of(Path path, List<Path> inputs, boolean force) {
        Path target = path.toAbsolutePath().normalize();
        for (Path input : inputs) {
            Path read = input.toAbsolutePath().normalize();
            if (same(read, target) || target.startsWith(read) || read.startsWith(target)) {
                throw new BadInput(
                        path + ": is, holds, or is inside " + input + ", which is read", "choose another {output}");
            }
        }
        if (Files.exists(target)) {
            check(path, target, force);
        }
        String name = "." + target.getFileName() + "." + ProcessHandle.current().pid();
        return new OutputFolder(target, target.resolveSibling(name + ".partial"), target.resolveSibling(name + ".old"));
    }

    private static boolean same(Path one, Path other) {
        try {
            return Files.exists(one) && Files.exists(other) && Files.isSameFile(one, other);
        } catch (IOException e) {
            return false;
        }
    }

    private static void check(Path path, Path target, boolean force) {
        if (!force) {
            throw new BadInput(path + ": exists already", "overwrite it with {force}, or choose another {output}");
        }
        if (!Files.isDirectory(target)) {
            throw new BadInput(path + ": is a file, and a folder is to be made there", "choose another {output}");
        }
        try (Stream<Path> files = Files.list(target)) {
            if (files.findAny().isPresent() && !Files.exists(target.resolve("config.json"))) {
                throw new BadInput(path + ": holds something that is not a checkpoint", "choose another {output}");
            }
        } catch (IOException e) {
            throw new BadInput(path + ": cannot be listed: " + IoReason.of(e), e);
        }
    }

    /** The folder to write into, made when first asked for. */
    Path partial() {
        if (!Files.isDirectory(partial)) {
            try {
                Files.createDirectories(partial);
            } catch (IOException e) {
                throw new BadInput(target + ": cannot be created (" + e + "); check the folder around it", e);
            }
        }
        return partial;
    }

    /** Moves the folder to its place. */
    void commit() {
        try {
            if (Files.exists(target)) {
                Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
            committed = true;
        } catch (IOException e) {
            throw new BadInput(target + ": cannot be moved to its place (" + e.getMessage() + "); check the folder", e);
        }
    }

    /** Without {@link #commit}, leaves what was there. */
    @Override
    public void close() {
        try {
            if (!committed && Files.exists(old) && !Files.exists(target)) {
                Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
            }
            delete(partial);
            delete(old);
        } catch (IOException e) {
            throw new BadInput(partial + ": cannot be deleted (" + e.getMessage() + "); delete it yourself", e);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> files = Files.walk(folder)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : all) {
            Files.delete(file);
        }
    }
}
