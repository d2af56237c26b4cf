package candor.generate;

import candor.generate.PrefixTree.Node;
import candor.model.KeyValues;
import candor.ops.Batch;
import candor.ops.KvPages;
import candor.ops.PageTables;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Chooses the tokens of each pass: one of every sequence that is talking, and pieces of prompts with what room is left, the
 * sequence that came first in front. Gives sequences their pages.
 */
final class Scheduler {
    private final KvCache cache;
    private final int mostSequences;
    private final int mostTokens;
    private final int mostScored;
    private final List<Sequence> active = new ArrayList<>();

    // Of the step in hand.
    private final List<Sequence> chosen = new ArrayList<>();
    private long computedTokens;
    private long sharedTokens;

    /** @param mostScored tokens of prompts, all of whose logits are looked at, in one pass */
    Scheduler(KvCache cache, int mostSequences, int mostTokens, int mostScored) {
        this.cache = cache;
        this.mostScored = mostScored;
        this.mostSequences = mostSequences;
        this.mostTokens = mostTokens;
    }

    List<Sequence> active() {
        return active;
    }

    /** Tokens that passes have computed so far. */
    long computedTokens() {
        return computedTokens;
    }

    /** Tokens of prompts that did not have to be computed again. */
    long sharedTokens() {
        return sharedTokens;
    }

    /** Whether one more sequence may come, if its pages fit. */
    boolean hasPlace() {
        return active.size() < mostSequences;
    }

    /** Takes a sequence up if the cache has room for all that it may say; false if it has to wait. */
    boolean admit(Sequence sequence) {
        PrefixTree prefixes = cache.prefixes();
        int[] tokens = sequence.tokens();
        // A pass must see the last token of a prompt, so the page with that one is not shared.
        // And where all of the prompt is looked at, none is.
        int shareable = sequence.promptScored() ? 0 : (sequence.promptLength - 1) / KvPages.TOKENS;
        int whole = sequence.promptScored() ? 0 : sequence.promptLength / KvPages.TOKENS;
        Node last = prefixes.root(sequence.slot);
        for (int i = 0; i < shareable; i++) {
            Node next = prefixes.child(last, tokens, i * KvPages.TOKENS);
            if (next == null) {
                break;
            }
            prefixes.use(next);
            sequence.prefix.add(next);
            last = next;
        }
        int found = sequence.prefix.size();
        sequence.awaited = found == 0 ? null : last;
        sequence.cached = found * KvPages.TOKENS;
        // The rest of the prompt's whole pages are there for others from now on.
        for (int i = found; i < whole && prefixes.child(last, tokens, i * KvPages.TOKENS) == null; i++) {
            last = prefixes.add(last, tokens, i * KvPages.TOKENS, KvCache.NO_PAGE);
            sequence.prefix.add(last);
        }
        int own = KvPages.count(sequence.limit) - sequence.prefix.size();
        if (!cache.fits(own)) {
            prefixes.release(sequence.prefix);
            sequence.prefix.clear();
            return false;
        }
        cache.reserve(own);
        sequence.reserved = own;
        sharedTokens += sequence.cached;
        active.add(sequence);
        return true;
    }

    /** The next pass over the active sequences, of which there are some. What it holds is good until the one behind it. */
    Step next() {
        chosen.clear();
        int tokens = 0;
        for (Sequence sequence : active) {
            if (sequence.todo() == 1 && tokens < mostTokens && canGoOn(sequence)) {
                choose(sequence, 1);
                tokens++;
            }
        }
        int scored = 0;
        for (Sequence sequence : active) {
            if (sequence.todo() > 1 && tokens < mostTokens && canGoOn(sequence)) {
                int count = Math.min(sequence.todo(), mostTokens - tokens);
                if (sequence.promptScored()) {
                    count = Math.min(count, mostScored - scored);
                    scored += count;
                }
                if (count > 0) {
                    choose(sequence, count);
                    tokens += count;
                }
            }
        }
        computedTokens += tokens;
        return step(tokens);
    }

    private static boolean canGoOn(Sequence sequence) {
        return sequence.awaited == null || sequence.awaited.ready();
    }

    /** Gives the next {@code count} tokens their pages; {@link Sequence#cached} moves on when the step is packed. */
    private void choose(Sequence sequence, int count) {
        int end = sequence.cached + count;
        for (int i = 0; i * KvPages.TOKENS < end; i++) {
            if (sequence.page(i) == KvCache.NO_PAGE) {
                Node shared = i < sequence.prefix.size() ? sequence.prefix.get(i) : null;
                boolean there = shared != null && shared.page() != KvCache.NO_PAGE;
                sequence.page(i, there ? shared.page() : cache.take());
            }
        }
        // Within a pass, all keys of a layer are written before any are read: who comes later in this very pass may
        // read.
        for (int i = sequence.cached / KvPages.TOKENS;
                i < Math.min(sequence.prefix.size(), end / KvPages.TOKENS);
                i++) {
            sequence.prefix.get(i).computed(sequence.page(i));
        }
        sequence.planned = count;
        chosen.add(sequence);
    }

    private Step step(int count) {
        chosen.sort(Comparator.comparingInt(sequence -> sequence.slot)); // stable
        int[] tokens = new int[count];
        int[] positions = new int[count];
        int[] targets = new int[count];
        int[] starts = new int[chosen.size() + 1];
        int[] slots = new int[chosen.size()];
        int[][] pages = new int[chosen.size()][];
        int row = 0;
        for (int s = 0; s < slots.length; s++) {
            Sequence sequence = chosen.get(s);
            for (int i = 0; i < sequence.planned; i++, row++) {
                positions[row] = sequence.cached + i;
                tokens[row] = sequence.tokens()[positions[row]];
                targets[row] = sequence.target(positions[row]);
            }
            starts[s + 1] = row;
            slots[s] = sequence.slot;
            pages[s] = sequence.pages();
            sequence.cached += sequence.planned;
        }
        Batch batch = new Batch(tokens, positions, targets, starts, slots);
        return new Step(batch, new KeyValues(cache.layers(), new PageTables(pages)), chosen);
    }

    /** Lets a sequence go. What of it is whole pages stays for those that begin the same, until the room is needed. */
    void release(Sequence sequence) {
        active.remove(sequence);
        PrefixTree prefixes = cache.prefixes();
        List<Node> path = new ArrayList<>(sequence.prefix);
        int whole = sequence.cached / KvPages.TOKENS;
        int taken = KvPages.count(sequence.cached);
        for (int i = sequence.prefix.size(); i < taken; i++) {
            Node parent = path.isEmpty() ? prefixes.root(sequence.slot) : path.getLast();
            Node same = i < whole ? prefixes.child(parent, sequence.tokens(), i * KvPages.TOKENS) : null;
            if (same != null) {
                prefixes.use(same);
                path.add(same);
            }
            if (same != null || i >= whole) {
                cache.give(sequence.page(i));
            } else {
                path.add(prefixes.add(parent, sequence.tokens(), i * KvPages.TOKENS, sequence.page(i)));
            }
        }
        cache.reserve(-sequence.reserved);
        for (Node dropped : prefixes.release(path)) {
            int index = sequence.prefix.indexOf(dropped);
            if (index >= 0 && sequence.page(index) != KvCache.NO_PAGE) {
                cache.give(sequence.page(index));
            }
        }
    }

    /** Lets all go. */
    void releaseAll() {
        for (Sequence sequence : List.copyOf(active).reversed()) {
            release(sequence);
        }
    }
}
