package candor.model;

import candor.ops.KvPages;
import candor.ops.PageTables;
import java.util.List;

/**
 * What a pass finds of the tokens before it, and where it leaves its own.
 *
 * @param layers one per layer of the decoder
 * @param tables the pages of the batch's sequences, the same in every layer
 */
public record KeyValues(List<KvPages> layers, PageTables tables) {}
