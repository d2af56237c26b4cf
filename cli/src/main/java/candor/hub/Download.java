package candor.hub;

import candor.BadInput;
import candor.io.IoReason;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;

/** Repositories of the Hub, and their files as they come into the cache. */
public final class Download implements AutoCloseable {
    /** As many files at once as Hugging Face's own tools fetch. */
    public static final int WORKERS = 8;

    private static final Pattern LICENCE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9 .+_-]{0,99}");
    private static final int MOST_FILES = 100_000;
    private static final long MEBIBYTE = 1L << 20;

    private final HubSettings settings;
    private final HubCache cache;
    private final Surroundings around;
    private final HubClient client;

    public Download(HubSettings settings, Surroundings around) {
        this.settings = settings;
        this.around = around;
        cache = new HubCache(settings);
        client = new HubClient(settings, around);
    }

    /**
     * A repository as it is at a commit.
     *
     * @param commit 40 hexadecimal digits
     * @param files all of them
     * @param licence as its card says, by the Hub's word for it; empty where it says none
     */
    public record Listing(RepoName repo, String commit, List<RepoFile> files, Optional<String> licence) {
        /** The paths of all files. */
        public List<String> paths() {
            return files.stream().map(RepoFile::path).toList();
        }
    }

    /** What would come, or has come. */
    public record Chosen(Listing listing, List<RepoFile> files) {
        /** How many files there are. */
        public int count() {
            return files.size();
        }

        /** In bytes. */
        public long size() {
            return files.stream().mapToLong(RepoFile::size).sum();
        }

        /** A line for each file: its size and path. */
        public List<String> lines() {
            return files.stream()
                    .map(file -> String.format(Locale.ROOT, "%,15d  %s", file.size(), file.path()))
                    .toList();
        }
    }

    /** Asks the Hub what there is. */
    public Listing list(RepoName repo) {
        return interruptibly(() -> listed(repo));
    }

    private Listing listed(RepoName repo) throws InterruptedException {
        if (settings.offline()) {
            return kept(repo).orElseThrow(() -> offline(repo));
        }
        String base = "api/" + repo.kind().plural() + "/" + HubClient.encoded(repo.name());
        JsonNode info = info(repo, base);
        String commit = info.path("sha").asText();
        if (!RepoName.isCommit(commit) || (repo.isCommit() && !commit.equals(repo.revision()))) {
            throw new BadInput(repo.name() + ": " + settings.endpoint() + " says no commit of " + repo.revision()
                    + "; is HF_ENDPOINT the address of a Hub?");
        }
        Optional<String> licence = Optional.ofNullable(
                        info.path("cardData").path("license").textValue())
                .filter(text -> LICENCE.matcher(text).matches());
        Optional<List<RepoFile>> known = cache.listed(repo, commit);
        List<RepoFile> files = known.isPresent() ? known.get() : files(repo, base, commit);
        return new Listing(repo, commit, files, licence);
    }

    private JsonNode info(RepoName repo, String base) throws InterruptedException {
        String revision = "/revision/" + HubClient.encodedPart(repo.revision());
        try {
            return client.get(repo, client.address(base + revision)).json();
        } catch (HubErrors.NoRepository missing) {
            RepoKind other = repo.kind() == RepoKind.MODEL ? RepoKind.DATASET : RepoKind.MODEL;
            try {
                String there = "api/" + other.plural() + "/" + HubClient.encoded(repo.name());
                client.get(repo.as(other), client.address(there + revision));
            } catch (BadInput nor) {
                throw missing;
            }
            throw new BadInput(repo.name() + ": is a " + other.said() + " on " + settings.endpoint() + ", not a "
                    + repo.kind().said()
                    + (other == RepoKind.DATASET ? "; download it with --dataset" : "; leave out --dataset"));
        }
    }

    private List<RepoFile> files(RepoName repo, String base, String commit) throws InterruptedException {
        Map<String, RepoFile> files = new HashMap<>();
        URI next = client.address(base + "/tree/" + commit + "?recursive=true");
        while (next != null) {
            HubClient.Page page = client.get(repo, next);
            if (!page.json().isArray()) {
                throw new BadInput(repo.name() + ": " + settings.endpoint() + " gives no list of its files");
            }
            boolean more = false;
            for (JsonNode entry : page.json()) {
                if (!entry.path("type").asText().equals("file")) {
                    continue;
                }
                RepoFile file = file(repo, entry);
                more |= files.put(file.path(), file) == null;
                if (files.size() > MOST_FILES) {
                    throw new BadInput(repo.name() + ": has more than " + MOST_FILES + " files, which is too many");
                }
            }
            // A list that goes round in circles brings nothing new.
            next = more ? page.next().orElse(null) : null;
        }
        return files.values().stream()
                .sorted(Comparator.comparing(RepoFile::path))
                .toList();
    }

    private static RepoFile file(RepoName repo, JsonNode entry) {
        String path = entry.path("path").asText();
        RepoFile.checkInside(repo.name(), path);
        JsonNode lfs = entry.path("lfs");
        boolean large = lfs.hasNonNull("oid");
        String xet = entry.path("xetHash").textValue();
        return new RepoFile(
                path,
                (large ? lfs : entry).path("size").asLong(-1),
                entry.path("oid").asText(),
                large ? lfs.get("oid").asText() : null,
                xet != null && xet.matches("[0-9a-f]{64}") ? xet : null);
    }

    private BadInput offline(RepoName repo) {
        return new BadInput(repo + ": is not, or not whole, in Hugging Face's cache (" + cache.folder()
                + "), and HF_HUB_OFFLINE forbids to"
                + " ask for it; unset it, or download the repository where there is a network");
    }

    /**
     * What of a repository comes.
     *
     * @param includes globs; empty for what is of use by default
     */
    public Chosen choose(Listing listing, List<String> includes) {
        return new Chosen(listing, Wanted.of(listing.repo(), listing.files(), includes));
    }

    /** What comes of a repository where nobody says which files: of a model not its settings alone, without the weights. */
    public Chosen whole(Listing listing) {
        if (listing.repo().kind() == RepoKind.MODEL) {
            Wanted.refuseOtherWeights(listing.repo(), listing.files());
        }
        return choose(listing, List.of());
    }

    /** The files with these paths. */
    Chosen exactly(Listing listing, Collection<String> paths) {
        return new Chosen(
                listing,
                listing.files().stream()
                        .filter(file -> paths.contains(file.path()))
                        .peek(file -> RepoFile.checkPath(listing.repo().name(), file.path()))
                        .toList());
    }

    /** What a model of that name needs to be loaded. */
    Chosen model(Listing listing) {
        Wanted.requireWeights(listing.repo(), listing.files());
        return choose(listing, List.of());
    }

    /** Whether all of it is in the cache. */
    boolean isHere(Chosen chosen) {
        Listing listing = chosen.listing();
        return chosen.files().stream().allMatch(file -> cache.has(listing.repo(), listing.commit(), file.path()));
    }

    /**
     * Fetches what is missing, and gives the folder of the snapshot.
     *
     * @param workers files at once
     * @throws DownloadStopped if the user stopped it; what came is kept
     */
    public Path fetch(Chosen chosen, int workers) {
        Listing listing = chosen.listing();
        RepoName repo = listing.repo();
        cache.prepare(repo);
        List<RepoFile> missing = chosen.files().stream()
                .filter(file -> !cache.has(repo, listing.commit(), file.path()))
                .sorted(Comparator.comparingLong(RepoFile::size).reversed()) // what takes longest begins first
                .toList();
        Map<RepoFile, Long> there = new HashMap<>();
        missing.forEach(file -> there.put(file, there(repo, file)));
        long toCome = missing.stream()
                .mapToLong(file -> file.size() - there.get(file))
                .sum();
        requireRoom(repo, toCome);
        if (!missing.isEmpty() && settings.offline()) {
            throw offline(repo);
        }
        if (!missing.isEmpty()) {
            around.progress()
                    .begins(
                            repo.toString(),
                            missing.size(),
                            missing.stream().mapToLong(RepoFile::size).sum(),
                            there.values().stream().mapToLong(Long::longValue).sum());
            try {
                fetchAll(listing, missing, there, workers);
            } finally {
                around.progress().ended();
            }
        }
        cache.keepListing(repo, listing.commit(), listing.files());
        cache.keepCommit(repo, listing.commit());
        return cache.snapshot(repo, listing.commit());
    }

    private long there(RepoName repo, RepoFile file) {
        try {
            if (Files.exists(cache.blob(repo, file))) {
                return file.size();
            }
            Path incomplete = cache.incomplete(repo, file);
            long size = Files.isRegularFile(incomplete) ? Files.size(incomplete) : 0;
            return size > file.size() ? 0 : size;
        } catch (IOException e) {
            return 0; // somebody else works on it right now
        }
    }

    private void requireRoom(RepoName repo, long bytes) {
        long free;
        try {
            free = around.room().in(cache.folder());
        } catch (IOException e) {
            throw new BadInput(cache.folder() + ": cannot be asked how much room it has: " + IoReason.of(e), e);
        }
        // A disk that is full to the last byte serves nobody.
        if (bytes > 0 && bytes + 64 * MEBIBYTE > free) {
            throw new BadInput(repo + ": " + mebibytes(bytes) + " are to come, and there are " + mebibytes(free)
                    + " free in " + cache.folder() + "; make room, or set HF_HUB_CACHE to a folder on a larger disk");
        }
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", Math.ceilDiv(bytes, MEBIBYTE));
    }

    private void fetchAll(Listing listing, List<RepoFile> missing, Map<RepoFile, Long> there, int workers) {
        // Files with the same content are one blob.
        Map<String, List<RepoFile>> blobs = new LinkedHashMap<>();
        missing.forEach(file ->
                blobs.computeIfAbsent(file.etag(), etag -> new ArrayList<>()).add(file));
        ConcurrentLinkedQueue<List<RepoFile>> queue = new ConcurrentLinkedQueue<>(blobs.values());
        AtomicReference<Throwable> failed = new AtomicReference<>();
        Set<Transfer> running = ConcurrentHashMap.newKeySet();
        ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("download watch").factory());
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            watch.scheduleWithFixedDelay(
                    () -> running.forEach(transfer -> transfer.look(settings.patience())),
                    Surroundings.Pause.LOOK.toMillis(),
                    Surroundings.Pause.LOOK.toMillis(),
                    TimeUnit.MILLISECONDS);
            for (int worker = 0; worker < Math.min(workers, blobs.size()); worker++) {
                pool.execute(() -> {
                    for (List<RepoFile> same = queue.poll();
                            same != null && failed.get() == null;
                            same = queue.poll()) {
                        try {
                            fetchOne(listing, same, there, running, failed);
                        } catch (RuntimeException | Error e) {
                            failed.compareAndSet(null, e);
                        } catch (InterruptedException e) {
                            failed.compareAndSet(null, new DownloadStopped());
                        }
                    }
                });
            }
        } finally {
            watch.shutdownNow();
        }
        switch (failed.get()) {
            case null -> {}
            case Error error -> throw error;
            case RuntimeException trouble -> throw trouble;
            case Throwable other -> throw new IllegalStateException(other);
        }
    }

    /** @param same files of one content */
    private void fetchOne(
            Listing listing,
            List<RepoFile> same,
            Map<RepoFile, Long> there,
            Set<Transfer> running,
            AtomicReference<Throwable> failed)
            throws InterruptedException {
        RepoName repo = listing.repo();
        RepoFile file = same.getFirst();
        URI address = client.address(repo.kind().prefix() + HubClient.encoded(repo.name()) + "/resolve/"
                + listing.commit() + "/" + HubClient.encoded(file.path()));
        Transfer transfer = new Transfer(
                client,
                cache,
                around,
                () -> around.stopped().getAsBoolean() || failed.get() != null,
                repo,
                file,
                address);
        running.add(transfer);
        try {
            boolean fresh = transfer.run(there.get(file));
            for (RepoFile each : same.reversed()) {
                cache.link(repo, listing.commit(), each, fresh && each == file);
                around.progress().moved(each == file ? 0 : each.size() - there.get(each));
            }
        } finally {
            running.remove(transfer);
        }
    }

    /** What the cache knows of a repository, without asking anybody; empty where it has not been asked for. */
    Optional<Listing> kept(RepoName repo) {
        return cache.commit(repo).flatMap(commit -> cache.listed(repo, commit)
                .map(files -> new Listing(repo, commit, files, Optional.empty())));
    }

    HubCache cache() {
        return cache;
    }

    @FunctionalInterface
    private interface Work<T> {
        T run() throws InterruptedException;
    }

    private static <T> T interruptibly(Work<T> work) {
        try {
            return work.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DownloadStopped();
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
