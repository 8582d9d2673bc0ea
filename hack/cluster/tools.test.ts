import { expect, it } from '@jest/globals';
import { TOOLS, toolFolders, toolVersion } from './tools.ts';

it('names the folder of every tool after its version and a hash of its inputs', () => {
  const folders = toolFolders('/cache');
  for (const tool of TOOLS) {
    const version = toolVersion(tool);
    expect(version).toMatch(/^v\d+\.\d+\.\d+$/);
    expect(folders[tool.name]).toMatch(new RegExp(`^/cache/tools/${tool.name}-${version}-[0-9a-f]{12}$`));
  }
});
