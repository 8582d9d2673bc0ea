import { describe, expect, it } from '@jest/globals';
import { readSections, readVariables } from './ini.ts';

describe('a credentials file of AWS', () => {
  it('has sections, however they are written', () => {
    const text = [
      '# a comment',
      '[default]',
      'aws_access_key_id=one',
      'AWS_Secret_Access_Key = two = with signs ',
      's3 =',
      '  max_concurrent_requests = 20',
      '',
      '[profile backup]\r',
      'aws_access_key_id = three\r',
    ].join('\n');
    const sections = readSections(text) as ReadonlyMap<string, ReadonlyMap<string, string>>;
    expect([...sections.keys()]).toEqual(['default', 'backup']);
    expect(sections.get('default')?.get('aws_access_key_id')).toBe('one');
    expect(sections.get('default')?.get('aws_secret_access_key')).toBe('two = with signs');
    expect(sections.get('backup')?.get('aws_access_key_id')).toBe('three');
  });

  it.each([
    ['aws_access_key_id=hush', 'line 1'],
    ['[default]\nhush', 'line 2'],
    ['[default\naws_access_key_id=hush', 'line 1'],
    ['{"hush": true}', 'line 1'],
  ])('that cannot be parsed is reported by its line number, without its content (%#)', (text, line) => {
    const { problem } = readSections(text) as { problem: string };
    expect(problem).toContain(line);
    expect(problem).not.toContain('hush');
  });
});

describe('a file of variables', () => {
  it('has values, however they are written', () => {
    const text = '# c\nAZURE_A=plain\nexport AZURE_B="quoted # not a comment"\n  AZURE_C = \'single\'\n';
    expect(readVariables(text)).toEqual(
      new Map([
        ['AZURE_A', 'plain'],
        ['AZURE_B', 'quoted # not a comment'],
        ['AZURE_C', 'single'],
      ]),
    );
  });

  it('that cannot be parsed is reported by its line number, without its content', () => {
    expect(readVariables('A=1\nhush')).toEqual({ problem: 'line 2 is not "KEY=value"' });
  });
});
