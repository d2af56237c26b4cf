package candor.hub;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.io.JsonFile;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Hugging Face's download cache, as huggingface_hub lays it out, so that what Python has fetched is found here and the other way round
 * (huggingface.co/docs/huggingface_hub/guides/manage-cache):
 *
 * <pre>
 * CACHE/models--ORG--NAME/refs/main                     the commit that a branch was at when it was last asked for
 *                         blobs/ETAG                    a file's content, named by its hash
 *                         snapshots/COMMIT/config.json  a link to ../../blobs/ETAG
 *                         trees/COMMIT.json             what files there are at a commit
 * CACHE/.locks/models--ORG--NAME/ETAG.lock
 * </pre>
 */
final class HubCache {
    private static final JsonMapper JSON = new JsonMapper(JsonFile.strict());

    /** A listing of 100,000 files is some 20 MB. */
    private static final long MOST_LISTING_BYTES = 64L << 20;

    private static final int LISTING_VERSION = 1;

    /** By this, programs for backups know a folder that can be made again (bford.info/cachedir). */
    private static final String CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"
            + "# This folder holds downloads from the Hugging Face Hub, which can be downloaded again.\n"
            + "# See https://bford.info/cachedir/\n";

    private final Path folder;
    private final boolean symlinks;

    HubCache(HubSettings settings) {
        folder = settings.cache();
        symlinks = settings.symlinks();
    }

    Path folder() {
        return folder;
    }

    private Path repository(RepoName repo) {
        return folder.resolve(repo.folder());
    }

    /** The folder of a repository's files at a commit; it need not be there. */
    Path snapshot(RepoName repo, String commit) {
        return repository(repo).resolve("snapshots").resolve(commit);
    }

    Path blob(RepoName repo, RepoFile file) {
        return repository(repo).resolve("blobs").resolve(file.etag());
    }

    /** What has come of a file so far. */
    Path incomplete(RepoName repo, RepoFile file) {
        return repository(repo).resolve("blobs").resolve(file.etag() + ".incomplete");
    }

    Path lock(RepoName repo, RepoFile file) {
        return folder.resolve(".locks").resolve(repo.folder()).resolve(file.etag() + ".lock");
    }

    /** The commit that a revision was at when somebody last asked the Hub. */
    Optional<String> commit(RepoName repo) {
        if (repo.isCommit()) {
            return Optional.of(repo.revision());
        }
        Path ref = repository(repo).resolve("refs").resolve(repo.revision());
        try {
            if (!Files.isRegularFile(ref) || Files.size(ref) > 100) {
                return Optional.empty();
            }
            String commit = Files.readString(ref).strip();
            return RepoName.isCommit(commit) ? Optional.of(commit) : Optional.empty();
        } catch (IOException e) {
            throw new BadInput(ref + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    /** Writes down where a revision is now. */
    void keepCommit(RepoName repo, String commit) {
        if (repo.isCommit() || commit(repo).filter(commit::equals).isPresent()) {
            return;
        }
        Path ref = repository(repo).resolve("refs").resolve(repo.revision());
        makeFolder(ref.getParent());
        AtomicFile.write(ref, commit.getBytes(StandardCharsets.US_ASCII));
    }

    /** Makes the folders of a repository that something will be put into. */
    void prepare(RepoName repo) {
        makeFolder(repository(repo).resolve("blobs"));
        Path tag = folder.resolve("CACHEDIR.TAG");
        if (!Files.exists(tag)) {
            AtomicFile.write(tag, CACHE_TAG.getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static void makeFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadInput(
                    folder + ": cannot be created (" + IoReason.of(e)
                            + "); check permissions, or set HF_HUB_CACHE to a folder that can be written",
                    e);
        }
    }

    /** Whether a snapshot has a file; a link to nothing does not count. */
    boolean has(RepoName repo, String commit, String path) {
        return Files.isRegularFile(snapshot(repo, commit).resolve(path));
    }

    /** The paths of all files of a snapshot that are here, sorted. */
    List<String> files(RepoName repo, String commit) {
        Path snapshot = snapshot(repo, commit);
        if (!Files.isDirectory(snapshot)) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(snapshot)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> snapshot.relativize(file).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new BadInput(snapshot + ": cannot be listed: " + IoReason.of(e), e);
        }
    }

    /**
     * Puts a blob's name into a snapshot: a relative link, or where there are no links a copy, or the blob itself.
     *
     * @param fresh whether nobody else can know the blob yet, so that it may be moved
     */
    void link(RepoName repo, String commit, RepoFile file, boolean fresh) {
        Path name = snapshot(repo, commit).resolve(file.path());
        Path blob = blob(repo, file);
        try {
            Files.createDirectories(name.getParent());
            if (Files.isRegularFile(name)) {
                return;
            }
            Files.deleteIfExists(name); // a link to nothing
            if (!symlinks || !linked(name, name.getParent().relativize(blob))) {
                put(blob, name, fresh);
            }
        } catch (IOException e) {
            throw new BadInput(
                    name + ": cannot be written (" + IoReason.of(e)
                            + "); check the folder, its permissions and the disk",
                    e);
        }
    }

    private static boolean linked(Path name, Path target) throws IOException {
        try {
            Files.createSymbolicLink(name, target);
            return true;
        } catch (FileAlreadyExistsException e) {
            return true; // another process was first, with the same link
        } catch (IOException | UnsupportedOperationException e) {
            return false; // what goes wrong with the disk goes wrong with the copy, too
        }
    }

    private static void put(Path blob, Path name, boolean fresh) throws IOException {
        if (fresh) {
            Files.move(blob, name, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        Path partial = name.resolveSibling(
                "." + name.getFileName() + "." + ProcessHandle.current().pid() + ".partial");
        Files.copy(blob, partial, StandardCopyOption.REPLACE_EXISTING);
        Files.move(partial, name, StandardCopyOption.ATOMIC_MOVE);
    }

    private Path listing(RepoName repo, String commit) {
        return repository(repo).resolve("trees").resolve(commit + ".json");
    }

    /** What files there are at a commit, where that was asked before; a record that cannot be used counts as none. */
    Optional<List<RepoFile>> listed(RepoName repo, String commit) {
        Path file = listing(repo, commit);
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > MOST_LISTING_BYTES) {
                return Optional.empty();
            }
            JsonNode json = JSON.readTree(Files.readAllBytes(file));
            if (json.path("format_version").asInt() != LISTING_VERSION) {
                return Optional.empty();
            }
            List<RepoFile> files = new ArrayList<>();
            json.path("files").properties().forEach(entry -> {
                JsonNode facts = entry.getValue();
                RepoFile.checkInside(repo.name(), entry.getKey());
                String sha256 = facts.path("lfs_sha256").textValue();
                files.add(new RepoFile(
                        entry.getKey(),
                        facts.path(sha256 == null ? "size" : "lfs_size").asLong(-1),
                        facts.path("blob_id").asText(),
                        sha256,
                        facts.path("xet_hash").textValue()));
            });
            return Optional.of(files);
        } catch (IOException | BadInput e) {
            return Optional.empty();
        }
    }

    /** Keeps a listing in the form of huggingface_hub's own. */
    void keepListing(RepoName repo, String commit, List<RepoFile> files) {
        ObjectNode json = JSON.createObjectNode();
        json.put("format_version", LISTING_VERSION);
        ObjectNode entries = json.putObject("files");
        files.stream().sorted(Comparator.comparing(RepoFile::path)).forEach(file -> {
            ObjectNode facts =
                    entries.putObject(file.path()).put("size", file.size()).put("blob_id", file.blob());
            if (file.isLarge()) {
                facts.put("lfs_sha256", file.sha256()).put("lfs_size", file.size());
            }
            if (file.xet() != null) {
                facts.put("xet_hash", file.xet());
            }
        });
        Path file = listing(repo, commit);
        makeFolder(file.getParent());
        try {
            AtomicFile.write(file, JSON.writeValueAsBytes(json));
        } catch (IOException e) {
            throw new IllegalStateException("texts and numbers always make JSON", e);
        }
    }
}
