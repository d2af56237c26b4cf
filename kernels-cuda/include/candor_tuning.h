/*
 * Which kernels compute, and how the head cuts its rows, for measurements and tests: no program that trains or generates needs it.
 * Where nothing else is said, the bytes of a matrix product, and of the head, do not depend on it.
 */
#ifndef CANDOR_TUNING_H
#define CANDOR_TUNING_H

#ifdef __cplusplus
extern "C" {
#endif

/* Tiles have numbers from 0 on. */
int candor_tile_count(void);

/* As in "128x256, 4 stages": rows and columns of y, and how many steps of 64 of k are under way. Null for no tile's number. */
const char *candor_tile_name(int tile);

/*
 * From now on every product on sm_90a takes this tile, and walks over y in bands of so many rows. -1, and 0 for rows: as shape
 * and device suggest. For all threads and devices.
 */
void candor_tile_use(int tile, int band_rows);

/* The same of mma.sync's tiles, which other devices have: as in "128x256, 4 stages of 32". Their bytes are alike. */
int candor_mma_tile_count(void);
const char *candor_mma_tile_name(int tile);

/*
 * From now on every product that mma.sync can compute takes this tile, on sm_90a, too, whose own tiles give other bytes; -1: as shape and device
 * suggest. For all threads and devices.
 */
void candor_mma_tile_use(int tile);

/* The kernels for attention have numbers, too: 0 is mma.sync's, which other devices have; 1 is sm_90a's. */
int candor_attention_form_count(void);

/* As in "mma.sync"; null for no form's number. */
const char *candor_attention_form_name(int form);

/*
 * From now on attention on sm_90a takes this form, where head widths allow; -1: as the library chooses. For all threads
 * and devices.
 */
void candor_attention_use(int form);

/*
 * From now on attention's blocks are those of a list of tiles (1), or as many for each sequence as the longest has tiles (0); -1: as the
 * lengths suggest. Where a list would be too long, there is none. It changes no byte. For all threads and devices.
 */
void candor_attention_list_use(int listed);

/*
 * From now on attention to a cache gives each piece of the keys to a block of its own (1), or all of a row's pieces to one block, one
 * after another (0); -1: as the library chooses. It changes no byte. For all threads and devices.
 */
void candor_attention_split_use(int split);

/*
 * From now on candor_log_prob and its backward pass take so many rows at a time where logits are not kept; 0: as the library chooses.
 * For all threads and devices.
 */
void candor_head_block_use(int rows);

#ifdef __cplusplus
}
#endif

#endif
