package candor.data.read;

import candor.BadInput;
import candor.io.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The data files that a user's paths name: a folder stands for the data files in it, in the order of their names. */
public final class DataFiles {
    private static final Logger LOG = LoggerFactory.getLogger(DataFiles.class);

    /** By these a file of a folder is told for a data file; {@code .gz} and {@code .zst} may follow. */
    private static final List<String> ENDINGS = List.of(".jsonl", ".ndjson", ".json", ".csv", ".parquet");

    private static final int MOST_NAMED = 10;

    /** What was said already: a folder is listed to be hashed, and again to be read. */
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    private DataFiles() {}

    /**
     * Files as they are, folders as what lies in them. Folders inside a folder and hidden files are not looked at; other
     * files are passed over by their names, which are logged.
     *
     * @throws BadInput for a path that does not exist, and for a folder without a data file
     */
    public static List<Path> of(List<Path> paths) {
        List<Path> files = new ArrayList<>();
        for (Path path : paths) {
            files.addAll(of(path));
        }
        return List.copyOf(files);
    }

    /** The same of one path. */
    public static List<Path> of(Path path) {
        if (!Files.isDirectory(path)) {
            FileKind.requireFile(path);
            return List.of(path);
        }
        List<Path> found = new ArrayList<>();
        List<String> others = new ArrayList<>();
        boolean folders = false;
        for (Path file : sorted(path)) {
            String name = file.getFileName().toString();
            if (name.startsWith(".")) {
                continue;
            }
            if (Files.isDirectory(file)) {
                folders = true;
            } else if (ENDINGS.stream().anyMatch(bareName(file).toLowerCase(Locale.ROOT)::endsWith)) {
                found.add(file);
            } else {
                others.add(name);
            }
        }
        if (found.isEmpty()) {
            throw new BadInput(path + ": is a folder without data files (" + String.join(", ", ENDINGS)
                    + "; also with .gz or .zst appended); name a file, or a folder that has some"
                    + (folders ? ": its subfolders are not read" : ""));
        }
        if (!others.isEmpty()) {
            tellOnce(path + ": passed over "
                    + String.join(", ", others.subList(0, Math.min(MOST_NAMED, others.size())))
                    + (others.size() > MOST_NAMED ? " and " + (others.size() - MOST_NAMED) + " more" : ""));
        }
        return found;
    }

    private static void tellOnce(String what) {
        if (SAID.add(what)) {
            LOG.info(what);
        }
    }

    /** A file's name without the ending of a compressed one: {@code rows.csv} of {@code rows.csv.gz}. */
    public static String bareName(Path file) {
        return Compression.bareName(file);
    }

    /** The file of a name in a folder, as it is or compressed; empty where there is none. */
    public static Optional<Path> find(Path folder, String name) {
        return Compression.names(name).stream()
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /**
     * The bytes of a file, unpacked where it is compressed.
     *
     * @throws BadInput if it is not a file, or cannot be opened
     */
    public static InputStream open(Path file) {
        FileKind.requireFile(file);
        return Compression.open(file);
    }

    private static List<Path> sorted(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted().toList();
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be listed: " + IoReason.of(e), e);
        }
    }
}
